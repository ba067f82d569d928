import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "#db/client.ts";
import { claimPendingRuns } from "#db/queries/claim-runs.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import type { Runtime } from "#runtime/create-runtime.ts";
import { openPostgresBus } from "#runtime/stream-bus/postgres.ts";
import { createLog } from "#log";
import { testDatabase } from "../../helpers/database.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

let database: Database;
let runtime: Runtime;
let folder: string;
let count = 0;
const never = new AbortController().signal;

beforeAll(async () => {
  ({ database } = await testDatabase());
  folder = temporaryFolder("runtime");
  runtime = await testRuntime(database);
  await runtime.start();
});

afterAll(() => runtime[Symbol.asyncDispose]());

async function newThread(): Promise<string> {
  return (await runtime.services.threads.create(LOCAL, {})).thread_id;
}

const start = (thread: string, input: Omit<RunCreate, "assistant_id"> & { assistant_id?: string }, on = runtime) =>
  on.services.runs.create(LOCAL, thread, { assistant_id: "slow", ...input }, NO_HEADERS);
const joined = (thread: string, run: { run_id: string }, on = runtime) =>
  on.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never });
const statusOf = async (thread: string, run: { run_id: string }) => (await runtime.services.runs.get(LOCAL, thread, run.run_id)).status;

function journal(): string {
  count += 1;
  return join(folder, `${count}.log`);
}

const linesOf = async (path: string) => (await readFile(path, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");

/** A run whose first node has begun. */
async function begun(thread: string, input: Record<string, unknown> = {}) {
  const path = journal();
  const run = await start(thread, { input: { steps: 3, ms: 60_000, journal: path, ...input } });
  await eventually(
    () => linesOf(path),
    (lines) => lines.length > 0,
  );
  return { run, path };
}

describe("a second run on a busy thread", () => {
  test.each(["interrupt", "rollback"] as const)("tells the worker that is just taking the run that it replaces (%s)", async (strategy) => {
    await using serving = await testRuntime(database, { role: "server", bus: await openPostgresBus({ database, log: createLog("silent") }) });
    const thread = await newThread();
    const input = { steps: 1, ms: 1 };
    const first = await start(thread, { input, after_seconds: 3_600 }, serving);
    let second: Promise<unknown> = Promise.resolve();
    await database.sql.begin(async (sql) => {
      await sql`update runs set run_after = now() - interval '1 second' where run_id = ${first.run_id}`;
      const claim = { worker: "another", leaseSeconds: 60, limit: 1, graphIds: ["slow"] };
      expect(await claimPendingRuns(sql, claim)).toMatchObject([{ run_id: first.run_id }]);
      second = start(thread, { input, multitask_strategy: strategy }, serving);
      const waiting = () => sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      await eventually(waiting, (rows) => rows.length > 0);
    });
    await second;
    const rows = await database.sql`select status, cancel from runs where thread_id = ${thread} order by sequence`;
    expect(rows).toEqual([
      { status: "running", cancel: strategy },
      { status: "pending", cancel: null },
    ]);
  });

  test("is refused by default, and nothing of it stays", async () => {
    const thread = await newThread();
    const { run } = await begun(thread);
    await expect(start(thread, { input: { steps: 1, ms: 1 } })).rejects.toMatchObject({ code: "thread_busy", details: { run_ids: [run.run_id] } });
    expect((await runtime.services.runs.list(LOCAL, thread, { limit: 10, offset: 0 })).total).toBe(1);
    await runtime.services.runs.cancel(LOCAL, thread, run.run_id, { action: "interrupt", wait: true });
  });

  test("waits its turn with enqueue, in order", async () => {
    const thread = await newThread();
    const gate = join(folder, "first-of-many");
    const first = await start(thread, { input: { steps: 2, ms: 0, gate } });
    const others = [];
    for (let index = 0; index < 5; index += 1)
      others.push(await start(thread, { assistant_id: "counter", input: { total: 1 }, multitask_strategy: "enqueue" }));
    expect((await runtime.services.threads.get(LOCAL, thread)).status).toBe("busy");
    await writeFile(gate, "");
    await joined(thread, first);
    expect(await joined(thread, others[4] ?? first)).toMatchObject({ total: 5 });
    const { items } = await runtime.services.runs.list(LOCAL, thread, { limit: 10, offset: 0 });
    expect(items.map((run) => run.status)).toEqual(Array(6).fill("success"));
    expect((await runtime.services.threads.get(LOCAL, thread)).status).toBe("idle");
  });

  test("takes over with interrupt once the node before it has settled", async () => {
    const thread = await newThread();
    const path = journal();
    const first = await start(thread, { input: { steps: 2, ms: 400, deaf: true, journal: path } });
    await eventually(
      () => linesOf(path),
      (lines) => lines.length > 0,
    );
    const second = await start(thread, { input: { steps: 1, ms: 1, journal: path, deaf: false }, multitask_strategy: "interrupt" });
    await joined(thread, second);
    expect(await statusOf(thread, first)).toBe("interrupted");
    const order = (await linesOf(path)).map((line) => `${line.split(" ")[0]} ${line.endsWith(first.run_id) ? "first" : "second"}`);
    expect(order).toEqual(["begin first", "end first", "begin second", "end second"]);
  });

  test("undoes with rollback what is running, and its row", async () => {
    const thread = await newThread();
    await joined(thread, await start(thread, { assistant_id: "counter", input: { total: 7 } }));
    const before = await runtime.services.threads.state(LOCAL, thread, { subgraphs: false });
    const path = journal();
    // one step is over, the next never is
    const first = await start(thread, { input: { steps: 5, ms: 0, journal: path, gate: join(folder, "never") } });
    await eventually(
      () => linesOf(path),
      (lines) => lines.some((line) => line.startsWith("begin 2")),
    );
    await runtime.services.runs.cancel(LOCAL, thread, first.run_id, { action: "rollback", wait: true });
    await expect(runtime.services.runs.get(LOCAL, thread, first.run_id)).rejects.toMatchObject({ code: "not_found" });
    const second = await start(thread, { assistant_id: "counter", input: { total: 1 }, multitask_strategy: "rollback" });
    expect(await joined(thread, second)).toEqual({ total: 8 });
    const history = await runtime.services.threads.history(LOCAL, thread, { limit: 50 });
    expect(history.some((one) => one.checkpoint?.checkpoint_id === before.checkpoint?.checkpoint_id)).toBe(true);
    expect(history.some((one) => JSON.stringify(one.values).includes("steps"))).toBe(false);
  });
});

describe("cancel", () => {
  test("ends a pending run at once and a running one when its node has settled; twice does no harm", async () => {
    const thread = await newThread();
    const { run } = await begun(thread);
    const waiting = await start(thread, { input: { steps: 1, ms: 1 }, multitask_strategy: "enqueue" });
    await runtime.services.runs.cancel(LOCAL, thread, waiting.run_id, { action: "interrupt", wait: false });
    expect(await statusOf(thread, waiting)).toBe("interrupted");
    await runtime.services.runs.cancel(LOCAL, thread, run.run_id, { action: "interrupt", wait: true });
    expect(await statusOf(thread, run)).toBe("interrupted");
    await runtime.services.runs.cancel(LOCAL, thread, run.run_id, { action: "interrupt", wait: true });
    expect((await runtime.services.threads.get(LOCAL, thread)).status).toBe("idle");
    expect(await joined(thread, run)).toBeNull();
  });

  test("reaches a run in another process", async () => {
    const log = createLog("silent");
    await using bus = await openPostgresBus({ database, log });
    await using server = await testRuntime(database, { role: "server", bus });
    await server.start();
    const thread = await newThread();
    const { run } = await begun(thread);
    await server.services.runs.cancel(LOCAL, thread, run.run_id, { action: "interrupt", wait: true });
    expect(await statusOf(thread, run)).toBe("interrupted");
  });

  test("follows the client who goes away, when the run says so", async () => {
    const thread = await newThread();
    const gone = new AbortController();
    const { run, stream } = await runtime.services.runs.stream(
      LOCAL,
      thread,
      { assistant_id: "slow", input: { steps: 1, ms: 60_000 }, on_disconnect: "cancel" },
      { ...NO_HEADERS, signal: gone.signal },
    );
    for await (const frame of stream) if (frame.event === "metadata") gone.abort();
    await eventually(
      () => statusOf(thread, run),
      (status) => status === "interrupted",
    );
  });

  test("puts the question back that the cancelled run carried the answer of", async () => {
    const thread = await newThread();
    await joined(thread, await start(thread, { assistant_id: "hold", input: { ask: true } }));
    const [approval] = (await runtime.services.approvals.list(LOCAL, { thread_id: thread, limit: 10, offset: 0 })).items;
    const answer = await start(thread, { assistant_id: "hold", command: { resume: "yes" }, after_seconds: 60 });
    expect(await runtime.services.approvals.get(LOCAL, approval?.id ?? "")).toMatchObject({ state: "resuming", decidedBy: "local" });
    await runtime.services.runs.cancel(LOCAL, thread, answer.run_id, { action: "interrupt", wait: true });
    expect(await runtime.services.approvals.get(LOCAL, approval?.id ?? "")).toMatchObject({ state: "pending", decidedBy: null });
    expect((await runtime.services.threads.get(LOCAL, thread)).status).toBe("interrupted");
  });

  test("with rollback brings back the question that the run went past", async () => {
    const thread = await newThread();
    await joined(thread, await start(thread, { assistant_id: "hold", input: { ask: true } }));
    const [approval] = (await runtime.services.approvals.list(LOCAL, { thread_id: thread, limit: 10, offset: 0 })).items;
    const past = await start(thread, { assistant_id: "hold", input: { ask: false, ms: 60_000 } });
    expect(await runtime.services.approvals.get(LOCAL, approval?.id ?? "")).toMatchObject({ state: "superseded" });
    await runtime.services.runs.cancel(LOCAL, thread, past.run_id, { action: "rollback", wait: true });
    expect(await runtime.services.threads.get(LOCAL, thread)).toMatchObject({ status: "interrupted", values: { ask: true } });
    const [pending] = (await runtime.services.approvals.list(LOCAL, { thread_id: thread, state: "pending", limit: 10, offset: 0 })).items;
    expect(pending?.interruptId).toBe(approval?.interruptId);
    await joined(thread, await start(thread, { assistant_id: "hold", input: null, command: { resume: "yes" } }));
    expect(await runtime.services.threads.get(LOCAL, thread)).toMatchObject({ status: "idle", values: { answer: "yes" } });
  });
});

describe("a stateless run", () => {
  test("answers its values and is not listed", async () => {
    const run = await runtime.services.runs.create(LOCAL, null, { assistant_id: "echo", input: { text: "alone" } }, NO_HEADERS);
    expect(await runtime.services.runs.join(LOCAL, null, run.run_id, { cancelOnDisconnect: false, signal: never })).toMatchObject({ answer: "you said alone" });
    expect((await runtime.services.threads.search(LOCAL, { ids: [run.thread_id], limit: 10, offset: 0 })).total).toBe(0);
  });
});

describe("a run that is to start later", () => {
  test("waits, does not hold up others, and starts", async () => {
    const thread = await newThread();
    const later = await start(thread, { assistant_id: "counter", input: { total: 1 }, after_seconds: 3_600 });
    expect(new Date(later.created_at).getTime()).toBeGreaterThan(Date.now());
    const now = await start(thread, { assistant_id: "counter", input: { total: 10 }, multitask_strategy: "enqueue" });
    expect(await joined(thread, now)).toEqual({ total: 10 });
    // its hour has come
    await database.sql`update runs set run_after = now() where run_id = ${later.run_id}`;
    expect(await joined(thread, later)).toEqual({ total: 11 });
  });

  test("keeps its thread busy: what comes before it is enqueued, refused, or takes its place, as the strategy says", async () => {
    const thread = await newThread();
    const standing = async () => (await runtime.services.threads.get(LOCAL, thread)).status;
    const planned = () => start(thread, { assistant_id: "counter", input: { total: 100 }, after_seconds: 3_600, multitask_strategy: "enqueue" });
    const first = await planned();
    expect(await standing()).toBe("busy");
    await expect(start(thread, { assistant_id: "counter", input: { total: 1 } })).rejects.toMatchObject({
      code: "thread_busy",
      message: expect.stringContaining("planned"),
      details: { run_ids: [first.run_id] },
    });
    expect(await joined(thread, await start(thread, { assistant_id: "counter", input: { total: 1 }, multitask_strategy: "enqueue" }))).toEqual({ total: 1 });
    expect(await standing(), "the planned run still stands").toBe("busy");
    expect(await joined(thread, await start(thread, { assistant_id: "counter", input: { total: 1 }, multitask_strategy: "interrupt" }))).toEqual({ total: 2 });
    expect([await statusOf(thread, first), await standing()]).toEqual(["interrupted", "idle"]);
    const second = await planned();
    expect(await joined(thread, await start(thread, { assistant_id: "counter", input: { total: 1 }, multitask_strategy: "rollback" }))).toEqual({ total: 3 });
    await expect(statusOf(thread, second)).rejects.toMatchObject({ code: "not_found" });
    expect(await standing()).toBe("idle");
  });
});

describe("a failure that may pass", () => {
  test("is tried again with the same input, applied once", async () => {
    const thread = await newThread();
    const run = await start(thread, { assistant_id: "boom", input: { times: 1, code: "model_failed" } });
    expect(await joined(thread, run)).toMatchObject({ tries: 2 });
  });

  test("is final after three", async () => {
    const thread = await newThread();
    const run = await start(thread, { assistant_id: "boom", input: { times: 9, code: "port_unavailable" } });
    expect(await joined(thread, run)).toEqual({ __error__: { error: "port_unavailable", message: "not now" } });
    expect(await runtime.services.threads.get(LOCAL, thread)).toMatchObject({ status: "error" });
  });
});

describe("a run that takes too long", () => {
  test("ends as timeout", async () => {
    // alone: the other runtime, which has more patience, might take the run
    const { database: own } = await testDatabase();
    await using short = await testRuntime(own, { jobTimeoutSeconds: 0.3 });
    await short.start();
    const thread = (await short.services.threads.create(LOCAL, {})).thread_id;
    const run = await start(thread, { input: { steps: 1, ms: 60_000 } }, short);
    expect(await joined(thread, run, short)).toMatchObject({ __error__: { error: "job_timeout" } });
    expect((await short.services.runs.get(LOCAL, thread, run.run_id)).status).toBe("timeout");
  });
});

describe("drain", () => {
  test("hands a run back at its next step, and another process runs each step once", async () => {
    const { database: own } = await testDatabase();
    const first = await testRuntime(own);
    await first.start();
    const thread = (await first.services.threads.create(LOCAL, {})).thread_id;
    const path = journal();
    const gates = temporaryFolder("gates");
    const STEPS = 40;
    const open = (step: number) => writeFile(join(gates, String(step)), "");
    const input = { steps: STEPS, ms: 0, journal: path, gates };
    const run = await start(thread, { input, config: { recursion_limit: 100 } }, first);
    const begun = (step: number) => async () => drained || (await linesOf(path)).some((line) => line.startsWith(`begin ${step} `));
    let drained = false;
    await open(1);
    await eventually(begun(2), Boolean);
    const draining = first.drain().then(() => (drained = true));
    // one step after the other: when the run hears of it is not known
    for (let step = 2; !drained && step < STEPS; step += 1) {
      await open(step);
      await eventually(begun(step + 1), Boolean);
    }
    await draining;
    expect(first.busy()).toBe(0);
    expect((await first.services.runs.get(LOCAL, thread, run.run_id)).status).toBe("pending");
    const steps = Array.from({ length: STEPS }, (_, index) => index + 1);
    await Promise.all(steps.map(open));
    await using second = await testRuntime(own);
    await second.start();
    expect(await joined(thread, run, second)).toMatchObject({ done: steps });
    expect((await linesOf(path)).filter((line) => line.startsWith("begin"))).toHaveLength(STEPS);
    await first[Symbol.asyncDispose]();
  });
});
