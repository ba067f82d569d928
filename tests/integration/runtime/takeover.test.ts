import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Database } from "#db/client.ts";
import { openPostgresBus } from "#runtime/stream-bus/postgres.ts";
import { createLog } from "#log";
import { testDatabase } from "../../helpers/database.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const log = createLog("silent");
const never = new AbortController().signal;
const linesOf = async (path: string) => (await readFile(path, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");

const takenOver = (database: Database, runId: string) =>
  eventually(
    () => database.sql`select 1 from runs where run_id = ${runId} and attempt = 2`,
    (rows) => rows.length === 1,
  );

describe("a run whose lease ran out", () => {
  test("is taken over; the first worker can write nothing more, and the stream goes on", async () => {
    const { database } = await testDatabase();
    const folder = temporaryFolder("takeover");
    const [journal, gate] = [join(folder, "journal"), join(folder, "gate")];
    await using busA = await openPostgresBus({ database, log });
    await using busB = await openPostgresBus({ database, log });
    // a long lease: the first worker's heartbeat comes too late to notice
    await using first = await testRuntime(database, { bus: busA, leaseSeconds: 240, jobs: 1 });
    await first.start();
    const thread = (await first.services.threads.create(LOCAL, {})).thread_id;
    const { run, stream } = await first.services.runs.stream(
      LOCAL,
      thread,
      { assistant_id: "slow", input: { steps: 6, ms: 20, journal, gate } },
      { ...NO_HEADERS, signal: never },
    );
    const ids = (async () => {
      const seen: number[] = [];
      for await (const frame of stream) seen.push(Number(frame.id));
      return seen;
    })();
    await eventually(
      () => linesOf(journal),
      (lines) => lines.some((line) => line.startsWith("begin 2")),
    );
    await using second = await testRuntime(database, { bus: busB, leaseSeconds: 240 });
    await database.sql`update run_leases set lease_until = now() - interval '1 second' where run_id = ${run.run_id}`;
    await second.start();
    await takenOver(database, run.run_id);
    await writeFile(gate, "");
    expect(await second.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never })).toMatchObject({
      done: [1, 2, 3, 4, 5, 6],
    });
    // the first worker has let go: its slot is free for the next run
    await eventually(
      async () => first.busy(),
      (busy) => busy === 0,
    );
    const history = await second.services.threads.history(LOCAL, thread, { limit: 100 });
    expect(history.slice(0, -1).map((one) => one.parent_checkpoint?.checkpoint_id)).toEqual(history.slice(1).map((one) => one.checkpoint?.checkpoint_id));
    expect(history[0]?.values).toMatchObject({ done: [1, 2, 3, 4, 5, 6] });
    const [row] = await database.sql<
      { status: string; attempt: number; crashes: number }[]
    >`select status, attempt, crashes from runs where run_id = ${run.run_id}`;
    expect(row).toEqual({ status: "success", attempt: 2, crashes: 1 });
    const seen = await ids;
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test("by the very process that holds it goes on once: the attempt before stops", async () => {
    const { database } = await testDatabase();
    const folder = temporaryFolder("takeover");
    const [journal, gate] = [join(folder, "journal"), join(folder, "gate")];
    await using runtime = await testRuntime(database, { leaseSeconds: 240 });
    await runtime.start();
    const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
    const run = await runtime.services.runs.create(
      LOCAL,
      thread,
      { assistant_id: "slow", input: { steps: 12, ms: 20, journal, gate }, durability: "async" },
      NO_HEADERS,
    );
    await eventually(
      () => linesOf(journal),
      (lines) => lines.some((line) => line.startsWith("begin 2")),
    );
    await database.sql`update run_leases set lease_until = now() - interval '1 second' where run_id = ${run.run_id}`;
    await takenOver(database, run.run_id);
    await writeFile(gate, "");
    await runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never });
    const [row] = await database.sql<{ attempt: number }[]>`select attempt from runs where run_id = ${run.run_id}`;
    expect(row).toEqual({ attempt: 2 });
    // the step that the takeover met may be done twice, none after it
    expect((await linesOf(journal)).filter((line) => line.startsWith("end")).length).toBeLessThanOrEqual(13);
  });

  test("again and again without getting on ends with an error that says so", async () => {
    const { database } = await testDatabase();
    await using runtime = await testRuntime(database);
    const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
    const run = await runtime.services.runs.create(LOCAL, thread, { assistant_id: "echo", input: { text: "x" } }, NO_HEADERS);
    await database.sql`update runs set status = 'running', attempt = 9, crashes = 9, worker = 'gone', epoch = 9 where run_id = ${run.run_id}`;
    await runtime.start();
    expect(await runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never })).toMatchObject({
      __error__: { error: "internal", message: expect.stringContaining("10 times") as string },
    });
    expect(await runtime.services.threads.get(LOCAL, thread)).toMatchObject({ status: "error" });
  });

  test("and one that cannot even be ended properly is ended all the same", async () => {
    const { database } = await testDatabase();
    await using runtime = await testRuntime(database);
    const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
    const run = await runtime.services.runs.create(LOCAL, thread, { assistant_id: "echo", input: { text: "x" } }, NO_HEADERS);
    await database.sql`update runs set status = 'running', attempt = 9, crashes = 9, worker = 'gone', epoch = 9 where run_id = ${run.run_id}`;
    // a team's run, whose news for the parent cannot be written
    const parent = (await runtime.services.threads.create(LOCAL, {})).thread_id;
    await database.sql`update threads set parent_thread_id = ${parent}, parent_call = 'call', parent_branch = 'root' where thread_id = ${thread}`;
    await database.sql.unsafe(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused for a test'; end $$;
      create trigger refuse before insert on outbox for each row execute function refuse();`);
    await runtime.start();
    await runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never }).catch(() => null);
    expect(await runtime.services.runs.get(LOCAL, thread, run.run_id)).toMatchObject({ status: "error" });
    expect(await runtime.services.threads.get(LOCAL, thread)).toMatchObject({ status: "error" });
  });

  test("is taken over before anything that waits is begun, however busy the others are", async () => {
    const { database } = await testDatabase();
    await using runtime = await testRuntime(database, { jobs: 1 });
    const send = async (ms: number) => {
      const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
      return { thread, ...(await runtime.services.runs.create(LOCAL, thread, { assistant_id: "slow", input: { steps: 1, ms } }, NO_HEADERS)) };
    };
    // the first one is longer at work than a sweep takes to come
    const waiting = [await send(2_000), await send(1), await send(1)];
    const dropped = await send(1);
    await database.sql`update runs set status = 'running', attempt = 1, worker = 'gone', epoch = 1 where run_id = ${dropped.run_id}`;
    await runtime.start();
    for (const run of [dropped, ...waiting]) await runtime.services.runs.join(LOCAL, run.thread, run.run_id, { cancelOnDisconnect: false, signal: never });
    const order = await database.sql<{ run_id: string }[]>`select run_id from runs order by ended_at`;
    // the sweep that looks for it may come after the first of the others was taken, not later
    expect(order.slice(0, 2).map((row) => row.run_id)).toContain(dropped.run_id);
  });

  test("by a worker that is gone is taken over before that", async () => {
    const { database } = await testDatabase();
    await using runtime = await testRuntime(database, { leaseSeconds: 3_600 });
    const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
    const run = await runtime.services.runs.create(LOCAL, thread, { assistant_id: "echo", input: { text: "x" } }, NO_HEADERS);
    await database.sql`update runs set status = 'running', attempt = 1, worker = 'gone', epoch = 1 where run_id = ${run.run_id}`;
    await database.sql`insert into run_leases (run_id, epoch, lease_until) values (${run.run_id}, 1, now() + interval '30 minutes')`;
    await runtime.start();
    expect(await runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never })).toMatchObject({ answer: "you said x" });
  });
});
