import { expect, test } from "vitest";
import { recordEvent } from "#db/queries/record-event.ts";
import { testDatabase } from "../../helpers/database.ts";

test("an event is written with what it tells, or not at all", async () => {
  const { database } = await testDatabase();
  const fall = database.sql.begin(async (sql) => {
    await recordEvent(sql, { type: "key.revoked", owner: "ada", actor: "ada", data: { key_id: "k1", user: "ada" } });
    throw new Error("fell");
  });
  await expect(fall).rejects.toThrow("fell");
  await recordEvent(database.sql, { type: "key.revoked", owner: "ada", actor: "root", data: { key_id: "k2", user: "ada" } });
  const rows = await database.sql`select type, category, owner, actor, data from event_intake`;
  expect([...rows]).toEqual([{ type: "key.revoked", category: "security", owner: "ada", actor: "root", data: { key_id: "k2", user: "ada" } }]);
});

test("whatever is put into an event, it is cut and written", async () => {
  const { database } = await testDatabase();
  const name = "x".repeat(10_000);
  await recordEvent(database.sql, { type: "policy.changed", owner: null, data: { policy_id: "p", name: `\0\ud800${name}`, change: "created" } });
  const [row] = await database.sql<{ name: string }[]>`select data ->> 'name' as name from event_intake`;
  expect(row?.name).toMatch(/^\ufffd\ufffdx{498}…$/);
});
