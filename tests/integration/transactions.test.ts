import { beforeAll, beforeEach, expect, test } from "vitest";
import type { Database } from "#db/client.ts";
import { createClient } from "#db/create-client.ts";
import { testDatabase } from "../helpers/database.ts";

let database: Database;
let url = "";

beforeAll(async () => {
  ({ database, url } = await testDatabase());
  await database.sql`create table marks (mark text)`;
});

beforeEach(() => database.sql`delete from marks`);

const marks = async () => (await database.sql<{ mark: string }[]>`select mark from marks order by mark`).map((row) => row.mark);
const patience = () => new Promise((resolve) => setTimeout(resolve, 5_000, "waits for ever"));

test("a transaction whose first statement cannot be sent fails, and its connection goes on", async () => {
  const sql = createClient({ url, poolSize: 1 });
  const failing = sql.begin((tx) => tx`insert into marks values (${undefined as unknown as string})`);
  await expect(Promise.race([failing, patience()])).rejects.toThrow("UNDEFINED_VALUE");
  expect(await Promise.race([sql.begin((tx) => tx`select 1 as alive`), patience()])).toHaveLength(1);
  await sql.end({ timeout: 1 });
});

test("a statement that cannot be sent harms none that is on its way", async () => {
  const sql = createClient({ url, poolSize: 1 });
  await sql`select 1`;
  const before = sql`select pg_sleep(0.2), 'answered' as mark`.execute();
  const failing = sql`select ${undefined as unknown as string}`.execute();
  await expect(Promise.race([failing, patience()])).rejects.toThrow("UNDEFINED_VALUE");
  expect((await before)[0]?.["mark"]).toBe("answered");
  await sql.end({ timeout: 1 });
});

test("a transaction that cannot begin writes nothing more, also not into the next one on its connection", async () => {
  const sql = createClient({ url, poolSize: 1 });
  const resume = Promise.withResolvers<void>();
  const failing = sql.begin("isolation level nonsense", async (tx) => {
    await resume.promise;
    await tx`insert into marks values ('never begun')`;
  });
  await expect(Promise.race([failing, patience()])).rejects.toThrow("syntax error");
  const next = sql.begin(async (tx) => {
    await tx`insert into marks values ('of the next')`;
    resume.resolve();
    await new Promise((resolve) => setTimeout(resolve, 100));
    throw new Error("rolled back");
  });
  await expect(next).rejects.toThrow("rolled back");
  expect(await marks()).toEqual([]);
  await sql.end({ timeout: 1 });
});

test.each([98, 99, 100, 101])("a transaction begins behind %i statements on their way, and is one", async (statements) => {
  const sql = createClient({ url, poolSize: 2 });
  await Promise.all([1, 2].map(() => sql`select 1 as warm`));
  const all = Array.from({ length: 2 * statements }, () => sql`select 1 as warm`.execute());
  const failing = sql.begin(async (tx) => {
    await tx`insert into marks values ('undone')`;
    throw new Error("rolled back");
  });
  await expect(Promise.race([failing, patience()])).rejects.toThrow("rolled back");
  await Promise.all(all);
  const open = await database.sql`select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`;
  expect(open).toHaveLength(0);
  expect(await marks()).toEqual([]);
  await sql.end({ timeout: 1 });
});
