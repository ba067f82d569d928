import { describe, expect, test } from "vitest";
import { recordEvent, recordEvents } from "#db/queries/record-event.ts";
import type { Database } from "#db/client.ts";
import { sequenceEvents } from "#governance/events/sequence-events.ts";
import { verifyAuditLog } from "#governance/events/verify-audit-log.ts";
import type { NewEvent } from "#protocol/events/events.ts";
import { testDatabase } from "../../helpers/database.ts";

function denied(reason: string): NewEvent {
  return { type: "access.denied", owner: "ada", actor: "bob", data: { reason } };
}

async function withRows(count: number): Promise<Database> {
  const { database } = await testDatabase();
  await recordEvents(
    database.sql,
    Array.from({ length: count }, (_, index) => denied(`ä "${index}" ${0.1 + index}`)),
  );
  await sequenceEvents(database.sql, { wait: true });
  return database;
}

/** As somebody with all rights over the database, who turns the guard off. */
async function tamper({ sql }: Database, statement: string): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction.unsafe("alter table audit_log disable trigger user");
    await transaction.unsafe(statement);
    await transaction.unsafe("alter table audit_log enable trigger user");
  });
}

describe("the chain of the audit log", () => {
  test("holds what was written, whatever it is", async () => {
    const database = await withRows(5);
    await recordEvent(database.sql, { type: "secrets.rotated", owner: null, data: { from: ["b", "a"], to: "c", rewrapped: 1e21 } });
    await recordEvent(database.sql, { type: "login.failed", owner: null, data: { reason: "\u2028 \ud83d\ude80 \\ \u0007", attempts: -0 } });
    const { rows, broken, head } = await verifyAuditLog(database);
    expect({ rows, broken }).toEqual({ rows: 7, broken: null });
    expect(head).toMatch(/^[0-9a-f]{64}$/);
  });

  test("is refused to be changed, deleted or emptied", async () => {
    const { sql } = await withRows(2);
    for (const statement of ["update audit_log set actor = 'eve'", "delete from audit_log", "truncate audit_log"])
      await expect(sql.unsafe(statement)).rejects.toThrow("only added to");
  });

  test.each([
    ["a changed row", "update audit_log set actor = 'eve' where seq = 3", 3, /not what was written/],
    ["changed data", `update audit_log set data = data || '{"reason":"nothing"}' where seq = 2`, 2, /not what was written/],
    ["a moved time", "update audit_log set at = at + interval '1 microsecond' where seq = 4", 4, /not what was written/],
    ["a missing row", "delete from audit_log where seq = 2", 2, /missing/],
    ["a missing end", "delete from audit_log where seq = 5", 5, /missing at the end/],
    ["a hash that fits the change", "update audit_log set hash = repeat('0', 64) where seq = 3", 3, /not what was written/],
  ])("names the row: %s", async (_what, statement, seq, why) => {
    const database = await withRows(5);
    await tamper(database, statement);
    const { broken } = await verifyAuditLog(database);
    expect(broken).toEqual({ seq, why: expect.stringMatching(why) as string });
  });

  test("a log that was written anew does not go through a head that was kept", async () => {
    const database = await withRows(3);
    const { head } = await verifyAuditLog(database);
    await recordEvent(database.sql, denied("later"));
    expect((await verifyAuditLog(database, { known: head })).broken).toBeNull();
    const forged = await withRows(4);
    expect((await verifyAuditLog(forged, { known: head })).broken).toMatchObject({ why: expect.stringMatching(/written anew/) as string });
  });

  test("has one order however many place events at once, and follows the order of commits where there is one", async () => {
    const { database, url } = await testDatabase();
    await using other = await (await import("#db/client.ts")).openDatabase({ url, poolSize: 2 });
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      const { sql } = writer % 2 === 0 ? database : other;
      for (let index = 0; index < 12; index += 1) {
        await recordEvent(sql, denied(`${writer}/${index}`));
        await sequenceEvents(sql, { wait: index % 2 === 0 });
      }
    });
    await Promise.all(writers);
    expect(await verifyAuditLog(database)).toMatchObject({ rows: 96, broken: null });
    const rows = await database.sql<{ seq: string; reason: string }[]>`select seq, data ->> 'reason' as reason from events order by seq`;
    expect(rows.map(({ seq }) => Number(seq))).toEqual(rows.map((_, index) => index + 1));
    for (let writer = 0; writer < 8; writer += 1) {
      const own = rows.filter(({ reason }) => reason.startsWith(`${writer}/`)).map(({ reason }) => reason);
      expect(own).toEqual(Array.from({ length: 12 }, (_, index) => `${writer}/${index}`));
    }
  });

  test("an event whose transaction commits late comes later, not into what was read", async () => {
    const { database } = await testDatabase();
    const written = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const late = database.sql.begin(async (sql) => {
      await recordEvent(sql, denied("early number, late commit"));
      written.resolve();
      await mayCommit.promise;
    });
    await written.promise;
    await recordEvent(database.sql, denied("first"));
    await sequenceEvents(database.sql, { wait: true });
    mayCommit.resolve();
    await late;
    await sequenceEvents(database.sql, { wait: true });
    const rows = await database.sql<{ reason: string }[]>`select data ->> 'reason' as reason from events order by seq`;
    expect(rows.map(({ reason }) => reason)).toEqual(["first", "early number, late commit"]);
  });
});
