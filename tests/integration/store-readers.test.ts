import { expect, test } from "vitest";
import { openDatabase } from "#db/client.ts";
import { Store } from "#runtime/store.ts";
import { testDatabase } from "../helpers/database.ts";

const { database, url } = await testDatabase();
const store = new Store(database, { ttl: { defaultMinutes: 5, refreshOnRead: true } });

test("who reads items whose time begins anew waits for nobody who writes them", async () => {
  await store.put(["notes"], "a", { n: 1 });
  await store.put(["notes"], "b", { n: 2 });
  const expiry = async () =>
    (await database.sql<{ key: string; expires_at: Date }[]>`select key, expires_at from store_items order by key`).map((row) => row.expires_at);
  const before = await expiry();
  await using other = await openDatabase({ url, poolSize: 1 });
  await other.sql.begin(async (sql) => {
    await sql`select 1 from store_items where key = 'a' for update`;
    // a read that waits fails by this, and not by the clock of the test
    await database.sql`alter database ${database.sql(new URL(url).pathname.slice(1))} set lock_timeout = '1s'`;
    await using reader = await openDatabase({ url, poolSize: 1 });
    const found = await new Store(reader, { ttl: { defaultMinutes: 5, refreshOnRead: true } }).search(["notes"]);
    expect(found.map((item) => item.key).toSorted()).toEqual(["a", "b"]);
  });
  const [a, b] = await expiry();
  expect(a).toEqual(before[0]);
  expect(b?.getTime()).toBeGreaterThan(before[1]?.getTime() ?? Infinity);
});
