import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "#db/client.ts";
import type { Transaction } from "#db/queries/sql.ts";
import { testDatabase } from "../helpers/database.ts";

/** One connection, so that whatever comes next comes over the one that was lost. */
let one: Database;
let database: Database;
const thrown: unknown[] = [];
const remember = (error: unknown) => thrown.push(error);

beforeAll(async () => {
  const made = await testDatabase();
  ({ database } = made);
  one = await openDatabase({ url: made.url, poolSize: 1 });
  await database.sql`create table marks (mark text)`;
  process.on("uncaughtException", remember);
});

beforeEach(async () => {
  thrown.length = 0;
  await database.sql`delete from marks`;
});

afterAll(async () => {
  process.off("uncaughtException", remember);
  await one[Symbol.asyncDispose]();
});

/** Ends the backend of this transaction and waits until it is gone. */
async function kill(sql: Transaction): Promise<void> {
  const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  await database.sql`select pg_terminate_backend(${row?.pid ?? 0}, 5000)`;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const marks = async () => (await database.sql<{ mark: string }[]>`select mark from marks order by mark`).map((row) => row.mark);

const WAYS: [name: string, goOn: (sql: Transaction) => Promise<unknown>][] = [
  ["asks one thing more", (sql) => sql`insert into marks values ('late')`],
  ["asks several things at once", (sql) => Promise.all(["a", "b", "c"].map((mark) => sql`insert into marks values (${mark})`))],
  ["sends much", (sql) => sql`insert into marks values (${"x".repeat(5_000)})`],
  ["goes on in a savepoint", (sql) => sql.savepoint((inner) => inner`insert into marks values ('late')`)],
  ["asks nothing more", async () => "done"],
  ["fails by itself", () => Promise.reject(new Error("by itself"))],
];

test.each(WAYS)("a transaction whose backend dies and that %s fails whole, and its connection is made anew", async (_name, goOn) => {
  for (const waits of [0, 1, 20]) {
    const failed = one.sql.begin(async (sql) => {
      await sql`insert into marks values ('early')`;
      await kill(sql);
      for (let count = 0; count < waits; count += 1) await turn();
      return goOn(sql);
    });
    await expect(failed).rejects.toThrow();
    // the word of the dead backend may still be told to the next one who asks, but nobody waits for ever
    await one.sql`select 1`.catch(() => {});
    expect(await one.sql`select 1 as alive`).toHaveLength(1);
    expect(await one.sql.begin((sql) => sql`select 1 as alive`)).toHaveLength(1);
  }
  expect(await marks()).toEqual([]);
  expect(thrown).toEqual([]);
});

test("what is left of a dead transaction never runs in the one that has its connection now", async () => {
  const dead = Promise.withResolvers<void>();
  const resume = Promise.withResolvers<void>();
  const first = one.sql.begin(async (sql) => {
    await kill(sql);
    dead.resolve();
    await resume.promise;
    await sql`insert into marks values ('of the dead')`;
  });
  const lost = expect(first).rejects.toThrow();
  await dead.promise;
  await lost;
  const second = one.sql.begin(async (sql) => {
    await sql`insert into marks values ('of the living')`;
    resume.resolve();
    for (let count = 0; count < 50; count += 1) await turn();
    throw new Error("rolled back");
  });
  await expect(second).rejects.toThrow("rolled back");
  expect(await marks()).toEqual([]);
});

test("what waits for a connection that dies is answered or fails", async () => {
  const waiting = one.sql.begin(async (sql) => {
    await kill(sql);
    return sql`select 1`;
  });
  const others = Array.from({ length: 50 }, (_, index) =>
    one.sql`select ${index}::int as mark`.then(
      () => "answered",
      () => "failed",
    ),
  );
  await expect(waiting).rejects.toThrow();
  expect(await Promise.all(others)).toHaveLength(50);
  expect(await one.sql`select 1 as alive`).toHaveLength(1);
  expect(thrown).toEqual([]);
});
