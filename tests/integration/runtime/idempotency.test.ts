import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "#db/client.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import type { StreamFrame } from "#protocol/wire.ts";
import type { Runtime } from "#runtime/create-runtime.ts";
import { testDatabase } from "../../helpers/database.ts";
import { LOCAL, testRuntime } from "../../helpers/runtime.ts";

let database: Database;
let runtime: Runtime;
let count = 0;
const never = new AbortController().signal;
const STRANGER = { owner: "stranger" };

beforeAll(async () => {
  ({ database } = await testDatabase());
  runtime = await testRuntime(database);
  await runtime.start();
});

afterAll(() => runtime[Symbol.asyncDispose]());

const newThread = async () => (await runtime.services.threads.create(LOCAL, {})).thread_id;
const newKey = () => `key ${(count += 1)}`;
const ECHO: RunCreate = { assistant_id: "echo", input: { text: "hi" } };
const post = (thread: string | null, idempotencyKey: string, input: RunCreate = ECHO, caller = LOCAL) =>
  runtime.services.runs.create(caller, thread, input, { headers: {}, idempotencyKey });
const joined = (thread: string | null, runId: string) => runtime.services.runs.join(LOCAL, thread, runId, { cancelOnDisconnect: false, signal: never });
const runsOf = async (thread: string) => (await runtime.services.runs.list(LOCAL, thread, { limit: 100, offset: 0 })).total;

async function collect(stream: AsyncIterable<StreamFrame>): Promise<StreamFrame[]> {
  const frames = [];
  for await (const frame of stream) frames.push(frame);
  return frames;
}

describe("a request that is sent again with its key", () => {
  test("answers the run that it made, as it stands", async () => {
    const thread = await newThread();
    const key = newKey();
    const first = await post(thread, key);
    await joined(thread, first.run_id);
    expect(await post(thread, key)).toEqual({ ...first, status: "success", updated_at: expect.any(String) });
    expect(await runsOf(thread)).toBe(1);
  });

  test("answers it also on somebody else's thread, where a rule lets the caller run", async () => {
    const thread = await newThread();
    const guest = { owner: "guest", judge: async (_event: unknown, value: Record<string, unknown>) => ({ value, contains: {} }) };
    const key = newKey();
    const first = await post(thread, key, ECHO, guest);
    expect((await post(thread, key, ECHO, guest)).run_id).toBe(first.run_id);
    expect(await runsOf(thread)).toBe(1);
    await expect(post(thread, key, ECHO, { owner: "guest" } as never), "but not once the rule is gone").rejects.toMatchObject({ code: "not_found" });
  });

  test("is the same whatever the order of its fields", async () => {
    const thread = await newThread();
    const key = newKey();
    const first = await post(thread, key, { assistant_id: "echo", input: { text: "a", more: { x: 1, y: [1, 2] } } });
    const again = await post(thread, key, { input: { more: { y: [1, 2], x: 1 }, text: "a" }, assistant_id: "echo" });
    expect(again.run_id).toBe(first.run_id);
  });

  test("makes one run of fifty that come at once, on a thread that takes no second one", async () => {
    const thread = await newThread();
    const key = newKey();
    const runs = await Promise.all(Array.from({ length: 50 }, () => post(thread, key, { assistant_id: "slow", input: { steps: 1, ms: 50 } })));
    expect(new Set(runs.map((run) => run.run_id)).size).toBe(1);
    expect(await runsOf(thread)).toBe(1);
  });

  test("gives an answer once, although the question is gone when it comes again", async () => {
    const thread = await newThread();
    const asked = await post(thread, newKey(), { assistant_id: "asker", input: { topic: "x" } });
    await joined(thread, asked.run_id);
    const key = newKey();
    const answer: RunCreate = { assistant_id: "asker", command: { resume: "yes" } };
    const runs = await Promise.all(Array.from({ length: 5 }, () => post(thread, key, answer)));
    expect(new Set(runs.map((run) => run.run_id)).size).toBe(1);
    expect(await joined(thread, runs[0]?.run_id ?? "")).toMatchObject({ done: ["prepare", 'act:"yes"'] });
    expect((await post(thread, key, answer)).run_id).toBe(runs[0]?.run_id);
  });

  test("joins the stream of its run from the start", async () => {
    const key = newKey();
    const follow = () =>
      runtime.services.runs.stream(LOCAL, null, { ...ECHO, stream_mode: ["values", "updates"] }, { headers: {}, signal: never, idempotencyKey: key });
    const first = await follow();
    const frames = await collect(first.stream);
    expect(frames.map((frame) => frame.event)).toEqual(["metadata", "values", "updates", "values"]);
    const again = await follow();
    expect(again.run.run_id).toBe(first.run.run_id);
    expect(await collect(again.stream)).toEqual(frames);
  });

  test("makes each run of a batch once, those too that a crash left out", async () => {
    const key = newKey();
    const batch = [1, 2, 3].map((number) => ({ ...ECHO, input: { text: String(number) } }));
    const all = (inputs: RunCreate[]) => runtime.services.runs.createMany(LOCAL, inputs, { headers: {}, idempotencyKey: key });
    const first = await all(batch);
    expect((await all(batch)).map((run) => run.run_id)).toEqual(first.map((run) => run.run_id));
    await database.sql`delete from idempotency_keys where run_id = ${first[2]?.run_id ?? ""}`;
    await database.sql`delete from runs where run_id = ${first[2]?.run_id ?? ""}`;
    const healed = await all(batch);
    expect(healed.slice(0, 2).map((run) => run.run_id)).toEqual(first.slice(0, 2).map((run) => run.run_id));
    expect(healed[2]?.run_id).not.toBe(first[2]?.run_id);
    await expect(all(batch.slice(0, 2))).rejects.toMatchObject({ code: "idempotency_conflict" });
  });
});

describe("a key", () => {
  test("that was used for another request, on another thread too, is refused", async () => {
    const thread = await newThread();
    const key = newKey();
    await joined(thread, (await post(thread, key)).run_id);
    await expect(post(thread, key, { ...ECHO, input: { text: "other" } })).rejects.toMatchObject({ code: "idempotency_conflict" });
    await expect(post(await newThread(), key)).rejects.toMatchObject({ code: "idempotency_conflict" });
    expect(await runsOf(thread)).toBe(1);
  });

  test("of a run that is gone makes no second one", async () => {
    const thread = await newThread();
    const key = newKey();
    const { run_id: runId } = await post(thread, key);
    await joined(thread, runId);
    await runtime.services.runs.delete(LOCAL, thread, runId);
    await expect(post(thread, key)).rejects.toMatchObject({ code: "idempotency_conflict", message: expect.stringContaining(runId) });
  });

  test("of a request that was refused is free", async () => {
    const thread = await newThread();
    const busy = await post(thread, newKey(), { assistant_id: "hold", input: { ms: 60_000 } });
    const key = newKey();
    await expect(post(thread, key)).rejects.toMatchObject({ code: "thread_busy" });
    await runtime.services.runs.cancel(LOCAL, thread, busy.run_id, { action: "interrupt", wait: true });
    expect((await post(thread, key)).run_id).not.toBe(busy.run_id);
  });

  test("of one caller is nothing to another", async () => {
    const key = newKey();
    const mine = await post(null, key);
    const other = await post(null, key, { ...ECHO, input: { text: "other" } }, STRANGER);
    expect(other.run_id).not.toBe(mine.run_id);
  });

  test("is good for a day", async () => {
    const key = newKey();
    const first = await post(null, key);
    const [kept] = await database.sql<{ seconds: number }[]>`
      select extract(epoch from expires_at - created_at)::float8 as seconds from idempotency_keys where key = ${key}`;
    expect(kept?.seconds).toBe(86_400);
    await database.sql`update idempotency_keys set expires_at = now() where key = ${key}`;
    expect((await post(null, key)).run_id).not.toBe(first.run_id);
  });
});
