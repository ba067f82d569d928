import fc from "fast-check";
import { sql as drizzleSql } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { openDatabase, toJsonb } from "#db/client.ts";
import { storeItems } from "#db/schema/store.ts";
import { testDatabase } from "../helpers/database.ts";

const { database } = await testDatabase();
const { sql } = database;

describe("the database client", () => {
  it("cleans every jsonb and text parameter of what PostgreSQL refuses, raw and through drizzle", async () => {
    const odd = { nul: "a\0b", half: "x\udc00", pair: "😀", escape: "\\u0000 \\ud800", control: "\u001b" };
    const clean = { nul: "a\ufffdb", half: "x\ufffd", pair: "😀", escape: "\\u0000 \\ud800", control: "\u001b" };
    const [row] =
      await sql`select ${toJsonb(odd)}::jsonb as a, ${JSON.stringify(odd)}::jsonb as b, ${sql.json(odd)}::jsonb as c, ${"a\0b"}::text as d, ${null}::jsonb as e`;
    expect(row).toEqual({ a: clean, b: clean, c: clean, d: "a\ufffdb", e: null });
    await database.drizzle.insert(storeItems).values({ namespace: ["n"], key: "k\0", value: odd });
    expect(await database.drizzle.select().from(storeItems)).toMatchObject([{ key: "k\ufffd", value: clean }]);
  });

  it("stores any JSON", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ noUnicodeString: false }), async (text) => {
        const value: unknown = JSON.parse(text);
        const [row] = await sql`select ${toJsonb(value)}::jsonb as value`;
        expect(row).toHaveProperty("value");
      }),
      { numRuns: 100 },
    );
  });

  it("gives dates as Date, raw and through drizzle", async () => {
    const [row] = await sql<{ at: Date }[]>`select ${new Date(5)}::timestamptz as at`;
    expect(row?.at).toEqual(new Date(5));
    await database.drizzle.insert(storeItems).values({ namespace: ["d"], key: "k", value: {}, createdAt: new Date(7) });
    const [item] = await database.drizzle
      .select()
      .from(storeItems)
      .where(drizzleSql`key = 'k'`);
    expect(item?.createdAt).toEqual(new Date(7));
  });

  it("takes and gives arrays", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: fc.constantFrom("a", ",", '"', "\\", "{", "}", " ", "NULL", "ä") })), async (list) => {
        const [row] = await sql<{ list: string[] }[]>`select ${list}::text[] as list`;
        expect(row?.list).toEqual(list);
        const [again] = await sql<{ list: string[] }[]>`select ${sql.array(list, 25)}::text[] as list`;
        expect(again?.list).toEqual(list);
      }),
      { numRuns: 100 },
    );
    expect(
      await sql`select ${[1, 2]}::int[] as a, '{NULL,1}'::int[] as b, '{{a,b},{c,d}}'::text[] as c, ${sql.array([true, false], 16)}::bool[] as d, '[0:1]={5,6}'::int[] as e, array[now()] as f`,
    ).toMatchObject([
      {
        a: [1, 2],
        b: [null, 1],
        c: [
          ["a", "b"],
          ["c", "d"],
        ],
        d: [true, false],
        e: [5, 6],
        f: [expect.any(Date)],
      },
    ]);
    expect(await sql`select 1 as one where 2 = any(${[1, 2]}::int[])`).toEqual([{ one: 1 }]);
  });

  it("says what is wrong with an address, and keeps the password to itself", async () => {
    await expect(openDatabase({ url: "not an address" })).rejects.toMatchObject({ code: "invalid_config" });
    await expect(openDatabase({ url: "postgres://u:hidden@127.0.0.1:1/x" })).rejects.toMatchObject({
      code: "database_unavailable",
      message: expect.not.stringContaining("hidden") as string,
    });
  });

  it("hears notifications until the subscription ends", async () => {
    const heard: string[] = [];
    {
      await using _ = await database.listen("c1", { onNotify: (payload) => heard.push(payload) });
      await sql.notify("c1", "one");
      await expect.poll(() => heard).toEqual(["one"]);
    }
    await sql.notify("c1", "two");
    await using _ = await database.listen("c1", { onNotify: (payload) => heard.push(payload) });
    await sql.notify("c1", "three");
    await expect.poll(() => heard).toEqual(["one", "three"]);
  });
});
