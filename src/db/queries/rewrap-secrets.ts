import type { Sql } from "./sql.ts";

export interface SealedSecret {
  project_id: string;
  name: string;
  version: number;
  key_id: string;
  sealed: Uint8Array;
}

/** Some secrets that were sealed with one of these keys, locked. */
export async function secretsUnder(sql: Sql, keyIds: readonly string[], limit: number): Promise<SealedSecret[]> {
  const rows = await sql<SealedSecret[]>`
    select project_id, name, version, key_id, sealed from secrets where key_id = any(${[...keyIds]}::text[])
    order by project_id, name, version limit ${limit} for update`;
  return [...rows];
}

export async function rewrapSecret(sql: Sql, secret: SealedSecret): Promise<void> {
  await sql`
    update secrets set key_id = ${secret.key_id}, sealed = ${Buffer.from(secret.sealed)}
    where project_id = ${secret.project_id} and name = ${secret.name} and version = ${secret.version}`;
}
