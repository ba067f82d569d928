import type { Sql } from "./sql.ts";

/** Answers whether there is such a user. */
export async function changeUser(sql: Sql, identity: string, change: { role: "user" | "approver" | "admin" } | { disabled: boolean }): Promise<boolean> {
  const rows =
    "role" in change
      ? await sql`update users set role = ${change.role} where identity = ${identity} returning identity`
      : await sql`update users set disabled_at = ${change.disabled ? sql`coalesce(disabled_at, now())` : null} where identity = ${identity} returning identity`;
  return rows.length > 0;
}
