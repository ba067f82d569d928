import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase, type Database } from "#db/client.ts";
import { CronCreate } from "#protocol/crons.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import type { Runtime } from "#runtime/create-runtime.ts";
import { testDatabase } from "../../helpers/database.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

let database: Database;
let url: string;
let runtime: Runtime;
/** Minutes that the sweeper believes to have passed. */
let later = 0;
const never = new AbortController().signal;
const now = () => new Date(Date.now() + later * 60_000);

beforeAll(async () => {
  ({ database, url } = await testDatabase());
  runtime = await testRuntime(database, { retention: { defaultTtl: null, sweepMinutes: 0.002, waiting: false, now } });
  await runtime.start();
});

afterAll(() => runtime[Symbol.asyncDispose]());

const threads = () => runtime.services.threads;
const newThread = async (input: Parameters<Runtime["services"]["threads"]["create"]>[1] = {}) => (await threads().create(LOCAL, input)).thread_id;
const start = (thread: string, input: RunCreate) => runtime.services.runs.create(LOCAL, thread, input, NO_HEADERS);
const joined = (thread: string, run: { run_id: string }) => runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never });
const add = async (thread: string, total: number) => {
  const run = await start(thread, { assistant_id: "counter", input: { total }, multitask_strategy: "enqueue" });
  await joined(thread, run);
  return run;
};
const exists = async (thread: string) => (await database.sql`select 1 from threads where thread_id = ${thread}`).length > 0;
const checkpoints = async (thread: string) => (await database.sql`select 1 from checkpoints where thread_id = ${thread}`).length;
const totalOf = async (thread: string) => ((await threads().state(LOCAL, thread, { subgraphs: false })).values as { total?: number }).total;
const ttl = (minutes: number, strategy: "delete" | "keep_latest" = "delete") => ({ ttl: { minutes, strategy } });
const gone = (thread: string) =>
  eventually(
    () => exists(thread),
    (there) => !there,
  );

/** Rows of any kind that name this thread. */
async function rowsOf(thread: string): Promise<number> {
  const rows = await database.sql`
    select 1 from threads where thread_id = ${thread} union all select 1 from runs where thread_id = ${thread} union all select 1 from approvals where thread_id = ${thread}
    union all select 1 from checkpoints where thread_id = ${thread} union all select 1 from checkpoint_blobs where thread_id = ${thread}
    union all select 1 from checkpoint_writes where thread_id = ${thread} union all select 1 from checkpoint_parts where thread_id = ${thread}
    union all select 1 from checkpoint_gates where thread_id = ${thread}`;
  return rows.length;
}

/** Rows that say what a thread is: its gate only says whether anything was ever deleted from it. */
async function rowsWithoutGate(thread: string): Promise<number> {
  const gates = await database.sql`select 1 from checkpoint_gates where thread_id = ${thread}`;
  return (await rowsOf(thread)) - gates.length;
}

/** Another connection, whose transaction holds a thread's row until `work` is done. */
async function holding(thread: string, work: (sql: Parameters<Parameters<Database["sql"]["begin"]>[1]>[0]) => Promise<void>): Promise<void> {
  await using other = await openDatabase({ url, poolSize: 1 });
  await other.sql.begin(async (sql) => {
    await sql`select 1 from threads where thread_id = ${thread} for update`;
    await work(sql as never);
  });
}

const somebodyWaits = () =>
  eventually(
    async () => (await database.sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length,
    (waiting) => waiting > 0,
  );

describe("a thread's time", () => {
  test("is told with the thread, runs from its last change, and can be taken back", async () => {
    const thread = await newThread(ttl(60, "keep_latest"));
    // times are told in milliseconds, and a fast machine does all of this in one
    await database.sql`update threads set updated_at = updated_at - interval '1 minute' where thread_id = ${thread}`;
    const told = await threads().get(LOCAL, thread, { include: ["ttl"] });
    expect(told.ttl).toEqual({ strategy: "keep_latest", ttl_minutes: 60, expires_at: new Date(Date.parse(told.updated_at) + 3_600_000).toISOString() });
    expect(await threads().get(LOCAL, thread)).not.toHaveProperty("ttl");
    await threads().update(LOCAL, thread, { metadata: { a: 1 } });
    const changed = await threads().get(LOCAL, thread, { include: ["ttl"] });
    expect(Date.parse(String(changed.ttl?.expires_at))).toBeGreaterThan(Date.parse(String(told.ttl?.expires_at)));
    await threads().update(LOCAL, thread, { metadata: {}, ttl: null });
    expect(await threads().get(LOCAL, thread, { include: ["ttl"] })).toMatchObject({ ttl: null, metadata: { a: 1 } });
  });

  test("ends it although one that is due before it cannot be removed", async () => {
    later = 0;
    const [stuck, next] = [await newThread(ttl(10)), await newThread(ttl(11))];
    await database.sql`create function keep() returns trigger language plpgsql as $$ begin raise exception 'too large'; end $$`;
    await database.sql.unsafe(`create trigger keep before delete on threads for each row when (old.thread_id = '${stuck}') execute function keep()`);
    later = 12;
    await gone(next);
    expect(await exists(stuck)).toBe(true);
    await database.sql`drop trigger keep on threads`;
    await gone(stuck);
  });

  test("ends it with all that it holds, and leaves others alone", async () => {
    later = 0;
    const [short, long, none] = [await newThread(ttl(30)), await newThread(ttl(300)), await newThread()];
    for (const thread of [short, long, none]) await add(thread, 1);
    later = 31;
    await gone(short);
    expect(await rowsOf(short)).toBe(0);
    expect([await totalOf(long), await totalOf(none)]).toEqual([1, 1]);
  });

  test("prunes it once where it says so, and again after it was used", async () => {
    later = 0;
    const thread = await newThread(ttl(30, "keep_latest"));
    for (const total of [1, 2, 3]) await add(thread, total);
    expect(await checkpoints(thread)).toBeGreaterThan(5);
    later = 31;
    await eventually(
      () => checkpoints(thread),
      (count) => count === 1,
    );
    expect(await totalOf(thread)).toBe(6);
    const [swept] = await database.sql`select swept_at = updated_at as swept, expires_at from threads where thread_id = ${thread}`;
    expect(swept).toEqual({ swept: true, expires_at: null });
    later = 0;
    await add(thread, 4);
    expect(await checkpoints(thread)).toBeGreaterThan(1);
    later = 31;
    await eventually(
      () => checkpoints(thread),
      (count) => count === 1,
    );
    expect(await totalOf(thread)).toBe(10);
  });

  test("does not end what works or waits, whatever the clock says", async () => {
    later = 0;
    const [working, waiting, paused, other] = [await newThread(ttl(30)), await newThread(ttl(30)), await newThread(ttl(30)), await newThread(ttl(30))];
    const run = await start(working, { assistant_id: "slow", input: { steps: 1, ms: 60_000 } });
    await joined(waiting, await start(waiting, { assistant_id: "asker", input: { topic: "x" } }));
    await joined(paused, await start(paused, { assistant_id: "counter", input: { total: 1 }, interrupt_before: ["look"] }));
    later = 1_000;
    // the sweep that took this one looked at the others too
    await gone(other);
    expect(await Promise.all([working, waiting, paused].map(exists))).toEqual([true, true, true]);
    later = 0;
    await runtime.services.runs.cancel(LOCAL, working, run.run_id, { action: "interrupt", wait: true });
    for (const thread of [working, waiting, paused]) await threads().delete(LOCAL, thread);
  });

  test("ends what waits, too, where the settings say so", async () => {
    const own = await testDatabase();
    await using eager = await testRuntime(own.database, {
      retention: { defaultTtl: { minutes: 30, strategy: "delete" }, sweepMinutes: 0.002, waiting: true, now: () => new Date(Date.now() + 3_600_000) },
    });
    // made before the sweeper starts, with the time that all get here
    const { thread_id: thread } = await eager.services.threads.create(LOCAL, { metadata: { graph_id: "asker" } });
    await own.database.sql`update threads set status = 'interrupted' where thread_id = ${thread}`;
    expect(await eager.services.threads.get(LOCAL, thread, { include: ["ttl"] })).toMatchObject({ ttl: { ttl_minutes: 30, strategy: "delete" } });
    await eager.start();
    await eventually(
      async () => (await own.database.sql`select 1 from threads`).length,
      (count) => count === 0,
    );
  });

  test("is asked again under the lock, and a thread that somebody holds is waited for by nobody", async () => {
    later = 0;
    const [held, other] = [await newThread(ttl(30)), await newThread(ttl(30))];
    await holding(held, async (sql) => {
      later = 31;
      // the sweep goes past the one that is held
      await gone(other);
      await sql`update threads set updated_at = now() + interval '1 hour' where thread_id = ${held}`;
    });
    const last = await newThread(ttl(1));
    await gone(last);
    expect(await exists(held)).toBe(true);
  });

  test("is over for more threads than one look takes", async () => {
    later = 0;
    await database.sql`insert into threads (thread_id, owner, ttl_minutes, ttl_strategy) select gen_random_uuid(), 'many', 1, 'delete' from generate_series(1, 510)`;
    later = 2;
    await eventually(
      async () => (await database.sql`select 1 from threads where owner = 'many'`).length,
      (count) => count === 0,
    );
  });
});

describe("pruning", () => {
  test("to the latest keeps the state and the question that waits, and leaves a thread with a run alone", async () => {
    const [asking, busy] = [await newThread(), await newThread()];
    await joined(asking, await start(asking, { assistant_id: "asker", input: { topic: "x" } }));
    await add(busy, 1);
    const run = await start(busy, { assistant_id: "slow", input: { steps: 1, ms: 60_000 } });
    const before = await checkpoints(busy);
    expect(await threads().prune(LOCAL, { thread_ids: [asking, busy, asking, randomUUID()], strategy: "keep_latest" })).toBe(1);
    expect(await checkpoints(asking)).toBe(1);
    expect(await checkpoints(busy)).toBeGreaterThanOrEqual(before);
    const answer = await start(asking, { assistant_id: "asker", command: { resume: "yes" } });
    expect(await joined(asking, answer)).toMatchObject({ done: ["prepare", 'act:"yes"'] });
    await runtime.services.runs.cancel(LOCAL, busy, run.run_id, { action: "interrupt", wait: true });
  });

  test("with delete is the end of them, of strangers' threads not", async () => {
    const [mine, theirs] = [await newThread(), (await threads().create({ owner: "somebody else" }, {})).thread_id];
    await add(mine, 1);
    expect(await threads().prune(LOCAL, { thread_ids: [mine, theirs], strategy: "delete" })).toBe(1);
    expect([await rowsOf(mine), await exists(theirs)]).toEqual([0, true]);
  });

  test("makes a fork that was on its way fail instead of starting from nothing", async () => {
    const thread = await newThread();
    await add(thread, 1);
    const [, , old] = await threads().history(LOCAL, thread, { limit: 10 });
    await add(thread, 2);
    let fork: Promise<unknown> = Promise.resolve();
    await holding(thread, async (sql) => {
      fork = expect(
        start(thread, { assistant_id: "counter", input: { total: 5 }, checkpoint: { checkpoint_id: String(old?.checkpoint?.checkpoint_id) } }),
      ).rejects.toMatchObject({ code: "not_found" });
      await somebodyWaits();
      await sql`delete from checkpoints where thread_id = ${thread} and checkpoint_id = ${String(old?.checkpoint?.checkpoint_id)}`;
    });
    await fork;
    expect(await totalOf(thread)).toBe(3);
  });
});

describe("what a thread takes up", () => {
  test("is counted by kind and gets less by pruning", async () => {
    const thread = await newThread();
    for (const total of [1, 2, 3]) await add(thread, total);
    const before = await threads().storage(LOCAL, thread);
    expect(before.by).toMatchObject({ thread: { rows: 1 }, runs: { rows: 3 }, checkpoints: { rows: await checkpoints(thread) } });
    expect(before.bytes).toBe(Object.values(before.by).reduce((sum, kind) => sum + kind.bytes, 0));
    await threads().prune(LOCAL, { thread_ids: [thread], strategy: "keep_latest" });
    const after = await threads().storage(LOCAL, thread);
    expect(after.bytes).toBeLessThan(before.bytes);
    expect(after.by.checkpoints.rows).toBe(1);
    await expect(threads().storage({ owner: "somebody else" }, thread)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("deleting a run", () => {
  const remove = (thread: string, run: { run_id: string }) => runtime.services.runs.delete(LOCAL, thread, run.run_id);

  test("that was the last leaves its thread as it was before", async () => {
    const thread = await newThread();
    await add(thread, 1);
    const before = { rows: await rowsWithoutGate(thread), values: (await threads().get(LOCAL, thread)).values };
    await remove(thread, await add(thread, 10));
    expect(await totalOf(thread)).toBe(1);
    expect({ rows: await rowsWithoutGate(thread), values: (await threads().get(LOCAL, thread)).values }).toEqual(before);
    await add(thread, 2);
    expect(await totalOf(thread)).toBe(3);
  });

  test("in the middle leaves what later ones went on from", async () => {
    const thread = await newThread();
    const [, middle] = [await add(thread, 1), await add(thread, 10), await add(thread, 100)];
    const before = await checkpoints(thread);
    await remove(thread, middle);
    expect([await totalOf(thread), await checkpoints(thread)]).toEqual([111, before]);
    const history = await threads().history(LOCAL, thread, { limit: 100 });
    const known = new Set(history.map((state) => state.checkpoint?.checkpoint_id));
    expect(history.every((state) => state.parent_checkpoint === null || known.has(state.parent_checkpoint.checkpoint_id))).toBe(true);
  });

  test("whose beginning was pruned leaves what was said before it, which stands nowhere else", async () => {
    const thread = await newThread();
    await add(thread, 1);
    const last = await add(thread, 10);
    await threads().prune(LOCAL, { thread_ids: [thread], strategy: "keep_latest" });
    await remove(thread, last);
    expect([await totalOf(thread), await checkpoints(thread)]).toEqual([11, 1]);
    await add(thread, 2);
    expect(await totalOf(thread)).toBe(13);
  });

  test("that nobody went on from takes its whole branch along", async () => {
    const thread = await newThread();
    await add(thread, 1);
    const [fork] = await threads().history(LOCAL, thread, { limit: 1 });
    const before = await checkpoints(thread);
    const abandoned = await add(thread, 10);
    const withAbandoned = await checkpoints(thread);
    const other = await start(thread, {
      assistant_id: "counter",
      input: { total: 100 },
      checkpoint: { checkpoint_id: String(fork?.checkpoint?.checkpoint_id) },
    });
    await joined(thread, other);
    const ofOther = (await checkpoints(thread)) - withAbandoned;
    await remove(thread, abandoned);
    expect(await totalOf(thread)).toBe(101);
    expect(await checkpoints(thread)).toBe(before + ofOther);
  });

  test("that answered a question brings the question back", async () => {
    const thread = await newThread();
    await joined(thread, await start(thread, { assistant_id: "asker", input: { topic: "x" } }));
    const answered = await start(thread, { assistant_id: "asker", command: { resume: "yes" } });
    await joined(thread, answered);
    await remove(thread, answered);
    expect(await threads().get(LOCAL, thread)).toMatchObject({ status: "interrupted", values: { done: ["prepare"] } });
    const again = await start(thread, { assistant_id: "asker", command: { resume: "no" } });
    expect(await joined(thread, again)).toMatchObject({ done: ["prepare", 'act:"no"'] });
  });

  test("takes nothing from a run that is underway", async () => {
    const thread = await newThread();
    const first = await add(thread, 1);
    const journal = join(temporaryFolder("retention"), "journal");
    const run = await start(thread, { assistant_id: "slow", input: { steps: 1, ms: 60_000, journal } });
    const before = await checkpoints(thread);
    await remove(thread, first);
    expect(await checkpoints(thread)).toBeGreaterThanOrEqual(before);
    await expect(runtime.services.runs.get(LOCAL, thread, first.run_id)).rejects.toMatchObject({ code: "not_found" });
    await runtime.services.runs.cancel(LOCAL, thread, run.run_id, { action: "interrupt", wait: true });
  });
});

describe("editing the state", () => {
  const edit = (thread: string, total: number) => threads().updateState(LOCAL, thread, { values: { total }, as_node: "look" });

  test("is refused when a run begins while it is computed", async () => {
    const thread = await newThread();
    const { run_id } = await add(thread, 1);
    const before = await rowsOf(thread);
    let edited: Promise<unknown> = Promise.resolve();
    await holding(thread, async (sql) => {
      edited = expect(edit(thread, 10)).rejects.toMatchObject({ code: "thread_busy" });
      await somebodyWaits();
      await sql`update runs set status = 'pending', run_after = now() + interval '1 hour' where run_id = ${run_id}`;
    });
    await edited;
    await database.sql`update runs set status = 'success' where run_id = ${run_id}`;
    expect([await totalOf(thread), await rowsOf(thread)]).toEqual([1, before]);
  });

  test("builds upon what a run said that began and ended in between", async () => {
    const thread = await newThread();
    await add(thread, 1);
    const newer = "1fffffff-0000-6000-8000-000000000000";
    let edited: Promise<unknown> = Promise.resolve();
    await holding(thread, async (sql) => {
      edited = edit(thread, 10);
      await somebodyWaits();
      // a head that somebody else wrote, with another total
      await sql`
        insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
        select thread_id, checkpoint_ns, ${newer}, checkpoint_id, jsonb_set(jsonb_set(checkpoint, '{id}', to_jsonb(${newer}::text)), '{channel_versions,total}', '7.5'), metadata
        from checkpoints where thread_id = ${thread} order by checkpoint_id desc limit 1`;
      await sql`insert into checkpoint_blobs (thread_id, channel, version, type, blob) values (${thread}, 'total', '7.5', 'json', ${Buffer.from("500")})`;
    });
    await edited;
    const [row] = await database.sql`select count(*)::int as count from checkpoints where thread_id = ${thread} and parent_checkpoint_id = ${newer}`;
    expect(row?.["count"]).toBe(1);
    const [written] = await database.sql<{ blob: Buffer }[]>`
      select b.blob from checkpoints c join checkpoint_blobs b on b.thread_id = c.thread_id and b.channel = 'total' and b.version = c.checkpoint -> 'channel_versions' ->> 'total'
      where c.thread_id = ${thread} and c.parent_checkpoint_id = ${newer}`;
    expect(written?.blob.toString()).toBe("510");
  });

  test("of a thread that is deleted meanwhile leaves nothing behind", async () => {
    const thread = await newThread();
    await add(thread, 1);
    let edited: Promise<unknown> = Promise.resolve();
    await holding(thread, async (sql) => {
      edited = expect(edit(thread, 10)).rejects.toMatchObject({ code: "not_found" });
      await somebodyWaits();
      await sql`delete from threads where thread_id = ${thread}`;
    });
    await edited;
    await runtime.services.threads.create(LOCAL, { thread_id: thread });
    await threads().delete(LOCAL, thread);
    expect(await rowsOf(thread)).toBe(0);
  });

  test("at a checkpoint that is pruned meanwhile is refused", async () => {
    const thread = await newThread();
    await add(thread, 1);
    await add(thread, 2);
    const old = (await threads().history(LOCAL, thread, { limit: 10 })).at(3)?.checkpoint?.checkpoint_id ?? "";
    let edited: Promise<unknown> = Promise.resolve();
    await holding(thread, async (sql) => {
      edited = expect(
        threads().updateState(LOCAL, thread, { values: { total: 10 }, as_node: "look", checkpoint: { checkpoint_id: old } }),
      ).rejects.toMatchObject({ code: "not_found" });
      await somebodyWaits();
      await sql`delete from checkpoints where thread_id = ${thread} and checkpoint_id = ${old}`;
    });
    await edited;
    expect(await totalOf(thread)).toBe(3);
  });
});

describe("a copy", () => {
  test("of a thread that asks can be answered on its own", async () => {
    const thread = await newThread(ttl(600));
    await joined(thread, await start(thread, { assistant_id: "asker", input: { topic: "x" } }));
    const copy = (await threads().copy(LOCAL, thread)).thread_id;
    const asked = async (one: string) => (await runtime.services.approvals.list(LOCAL, { thread_id: one, state: "pending", limit: 10, offset: 0 })).items;
    expect([await asked(thread), await asked(copy)].map((all) => all.length)).toEqual([1, 1]);
    const yes = await start(copy, { assistant_id: "asker", command: { resume: "yes" } });
    expect(await joined(copy, yes)).toMatchObject({ done: ["prepare", 'act:"yes"'] });
    expect([await asked(thread), await asked(copy)].map((all) => all.length)).toEqual([1, 0]);
    const no = await start(thread, { assistant_id: "asker", command: { resume: "no" } });
    expect(await joined(thread, no)).toMatchObject({ done: ["prepare", 'act:"no"'] });
    expect(await threads().get(LOCAL, copy, { include: ["ttl"] })).toMatchObject({ ttl: { ttl_minutes: 600 } });
  });

  test("made while a run writes is of one moment, and goes on from there", async () => {
    const thread = await newThread();
    const run = await start(thread, { assistant_id: "slow", input: { steps: 40, ms: 1 }, config: { recursion_limit: 100 } });
    const copies: string[] = [];
    while (["pending", "running"].includes((await runtime.services.runs.get(LOCAL, thread, run.run_id)).status))
      copies.push((await threads().copy(LOCAL, thread)).thread_id);
    expect(copies.length).toBeGreaterThan(0);
    for (const copy of copies.slice(0, 10)) {
      const { values } = await threads().state(LOCAL, copy, { subgraphs: false });
      const done = (values as { done?: number[] }).done ?? [];
      expect(done).toEqual(done.map((_, place) => place + 1));
      if (done.length > 0) {
        await joined(copy, await start(copy, { assistant_id: "slow", input: null, config: { recursion_limit: 100 } }));
        expect((await threads().get(LOCAL, copy)).values).toMatchObject({ done: Array.from({ length: 40 }, (_, place) => place + 1) });
      }
    }
  });
});

test("a worker whose write was refused stops its graph at once, also where writes come behind", async () => {
  const own = await testDatabase();
  // a heartbeat that would notice comes in half a minute
  await using slow = await testRuntime(own.database, { leaseSeconds: 120 });
  await slow.start();
  const journal = join(temporaryFolder("retention"), "journal");
  const { thread_id: thread } = await slow.services.threads.create(LOCAL, {});
  const run = await slow.services.runs.create(
    LOCAL,
    thread,
    { assistant_id: "slow", input: { steps: 5_000, ms: 2, journal }, durability: "async", config: { recursion_limit: 10_000 } },
    NO_HEADERS,
  );
  const steps = () => {
    try {
      return readFileSync(journal, "utf8")
        .split("\n")
        .filter((line) => line.startsWith("begin")).length;
    } catch {
      return 0;
    }
  };
  await eventually(
    async () => steps(),
    (count) => count > 5,
  );
  await own.database.sql`update runs set epoch = epoch + 1, worker = 'another' where run_id = ${run.run_id}`;
  const taken = steps();
  await eventually(
    async () => slow.busy(),
    (busy) => busy === 0,
  );
  // those underway when the refusal came back, however long that took; until the heartbeat nothing else would have kept it from the last one
  expect(steps() - taken).toBeLessThan(1_000);
});

describe("a temporary thread", () => {
  const MINUTES_OF_WEEKS = 5 * 7 * 24 * 60;
  const ofCron = async () => {
    const cron = await runtime.services.crons.create(LOCAL, null, CronCreate.parse({ assistant_id: "hold", schedule: "* * * * * *", input: { ask: true } }));
    const [row] = await eventually(
      () =>
        database.sql<
          { thread_id: string }[]
        >`select thread_id from runs where metadata ->> 'cron_id' = ${cron.cron_id} and status = 'success' order by sequence limit 1`,
      (rows) => rows.length > 0,
    );
    await runtime.services.crons.delete(LOCAL, cron.cron_id);
    return row?.thread_id ?? "";
  };
  const ofStatelessRun = async () => {
    const { run_id, thread_id } = await runtime.services.runs.create(LOCAL, null, { assistant_id: "hold", input: { ask: true } }, NO_HEADERS);
    await joined(thread_id, { run_id });
    return thread_id;
  };

  test.each([
    ["a cron", ofCron],
    ["a stateless run", ofStatelessRun],
  ])("of %s that asks something waits for its answer, for weeks, and goes once that is carried out", async (_whose, make) => {
    const asking = await make();
    const plain = (await runtime.services.runs.create(LOCAL, null, { assistant_id: "counter", input: { total: 1 } }, NO_HEADERS)).thread_id;
    later += MINUTES_OF_WEEKS;
    try {
      await gone(plain);
      expect(await exists(asking)).toBe(true);
      const [question] = (await runtime.services.approvals.list(LOCAL, { thread_id: asking, state: "pending", limit: 10, offset: 0 })).items;
      expect(question).toBeDefined();
      later = 0;
      const run = await start(asking, { assistant_id: "hold", command: { resume: "yes" } });
      expect(await joined(asking, run)).toMatchObject({ answer: "yes" });
      expect(await exists(asking)).toBe(true);
      later = 2;
      await gone(asking);
      expect(await rowsOf(asking)).toBe(0);
    } finally {
      later = 0;
    }
  });
});
