import type { Database } from "#db/client.ts";
import { testDatabase } from "../database.ts";

/** What the graphs of `tests/fixtures/faults` did to the world: the only measure of success. */
export interface Ledger {
  readonly url: string;
  readonly database: Database;
  /** Keys that were accepted, each once by their nature. */
  keys(): Promise<Set<string>>;
  /** How often something that these runs did was done already. */
  duplicates(runs: readonly string[]): Promise<number>;
}

/** An empty ledger in a database of its own: faults of the runtime's database do not touch it. */
export async function openLedger(): Promise<Ledger> {
  const { database, url } = await testDatabase({ empty: true, poolSize: 2 });
  await database.sql.unsafe(`
    create table begun (run_id text not null, step int not null, pid int not null, at timestamptz not null default clock_timestamp());
    create table told (run_id text not null, pid int not null, at timestamptz not null default clock_timestamp());
    create table effects_plain (key text not null, pid int not null, at timestamptz not null default clock_timestamp());
    create table effects_once (key text primary key, pid int not null, at timestamptz not null default clock_timestamp());`);
  return {
    url,
    database,
    async keys() {
      return new Set((await database.sql<{ key: string }[]>`select key from effects_once`).map(({ key }) => key));
    },
    async duplicates(runs) {
      const [row] = await database.sql<{ n: number }[]>`
        select (count(*) - count(distinct key))::int as n from effects_plain where split_part(key, ':', 1) = any(${[...runs]}::text[])`;
      return row?.n ?? 0;
    },
  };
}
