import { describe, expect, test } from "vitest";
import { openDatabase } from "#db/client.ts";
import { EVENTS_CHANNEL } from "#db/queries/notify.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import { EventLog } from "#governance/events/event-log.ts";
import { sequenceEvents } from "#governance/events/sequence-events.ts";
import { sweepEvents } from "#db/queries/sweep-events.ts";
import type { NewEvent } from "#protocol/events/events.ts";
import { testDatabase } from "../../helpers/database.ts";
import { silent } from "../../helpers/http-app.ts";

const rollback = (reason: string): NewEvent => ({ type: "rollback.requested", owner: "ada", data: { reason, release_id: null } });
const denial = (reason: string): NewEvent => ({ type: "access.denied", owner: "ada", data: { reason } });

describe("subscribers in a process", () => {
  test("hear by type, category and wildcard, the more important first, and one that throws is nobody else's trouble", async () => {
    const { database, url } = await testDatabase();
    await using log = new EventLog({ database, log: silent });
    const heard: string[] = [];
    const all = Promise.withResolvers<void>();
    const note = (who: string) => (event: { seq: number }) => void heard.push(`${who} ${event.seq}`);
    log.subscribe("*", note("last"), { priority: -1 });
    log.subscribe("*", (event) => void (event.seq === 3 && all.resolve()), { priority: -2 });
    log.subscribe("deploy", note("category"));
    log.subscribe("*.requested", note("wildcard"), { priority: 5 });
    log.subscribe("access.denied", note("type"));
    log.subscribe("*", () => Promise.reject(new Error("broken")), { priority: 10 });
    log.subscribe("access.*", note("gone"))();
    await log.start();
    // from another process, which places nothing itself
    await using other = await openDatabase({ url });
    await recordEvent(other.sql, rollback("one"));
    await recordEvent(other.sql, denial("two"));
    await recordEvent(other.sql, rollback("three"));
    await all.promise;
    expect(heard).toEqual(["wildcard 1", "category 1", "last 1", "type 2", "last 2", "wildcard 3", "category 3", "last 3"]);
  });

  test("hear each event once in each process, whoever placed it", async () => {
    const { database, url } = await testDatabase();
    await using other = await openDatabase({ url });
    await using one = new EventLog({ database, log: silent });
    await using two = new EventLog({ database: other, log: silent });
    const heard = [one, two].map((log) => {
      const seen: number[] = [];
      const done = Promise.withResolvers<number[]>();
      log.subscribe("deploy", ({ seq }) => void (seen.push(seq) === 20 && done.resolve(seen)));
      return done.promise;
    });
    await Promise.all([one.start(), two.start()]);
    await Promise.all(Array.from({ length: 20 }, (_, index) => recordEvent(index % 2 === 0 ? database.sql : other.sql, rollback(`${index}`))));
    const inOrder = Array.from({ length: 20 }, (_, index) => index + 1);
    expect(await Promise.all(heard)).toEqual([inOrder, inOrder]);
  });
});

test("that events were placed is no reason to place more, which would go on for as long as anything happens", async () => {
  const { database, url } = await testDatabase();
  await using other = await openDatabase({ url });
  const log = new EventLog({ database, log: silent, idleMs: 3_600_000, watchedMs: 3_600_000 });
  log.subscribe("*", () => {});
  await log.start();
  await log.settle();
  await recordEvent(other.sql, rollback("told"));
  const heard = Promise.withResolvers<void>();
  // told after the log, over the same connection
  await using _ = await database.listen(EVENTS_CHANNEL, { onNotify: (seq) => void (seq === "7" && heard.resolve()) });
  await other.sql`select pg_notify(${EVENTS_CHANNEL}, '7')`;
  await heard.promise;
  await log[Symbol.asyncDispose]();
  expect(await database.sql`select data ->> 'reason' as reason from event_intake`).toEqual([{ reason: "told" }]);
});

test("events go after their time and the audit log stays", async () => {
  const { database } = await testDatabase();
  await recordEvent(database.sql, { ...denial("old"), at: new Date(Date.now() - 40 * 86_400_000) });
  await recordEvent(database.sql, denial("new"));
  await sequenceEvents(database.sql, { wait: true });
  expect(await sweepEvents(database.sql, 30, 100)).toBe(1);
  const left = await database.sql`select (select array_agg(data ->> 'reason') from events) as events, (select count(*)::int from audit_log) as audited`;
  expect([...left]).toEqual([{ events: ["new"], audited: 2 }]);
});
