import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createLog } from "#log";
import type { RunCreate } from "#protocol/run-create.ts";
import type { StreamFrame } from "#protocol/wire.ts";
import type { Runtime } from "#runtime/create-runtime.ts";
import { openPostgresBus } from "#runtime/stream-bus/postgres.ts";
import { testDatabase } from "../../helpers/database.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";
import { workerProcess } from "../../helpers/worker-process.ts";

const V2_GRAPHS = fileURLToPath(new URL("../../fixtures/protocol-v2/graphs/langgraph.json", import.meta.url));
const log = createLog("silent");
const ALL = ["values", "updates", "messages", "tools", "lifecycle", "input", "checkpoints", "tasks", "custom"];
const TERMINAL = ["completed", "interrupted", "failed"];

interface Event {
  event_id: string;
  seq: number;
  method: string;
  params: { namespace: string[]; data: Record<string, unknown> };
}

const read = (frame: StreamFrame) => JSON.parse(frame.data) as Event;
const isEnd = ({ method, params }: Event) => method === "lifecycle" && params.namespace.length === 0 && TERMINAL.includes(String(params.data["event"]));

async function start(runtime: Runtime, threadId: string, graph: string, input: unknown): Promise<string> {
  const answer = await runtime.services.threadProtocol.command(
    LOCAL,
    threadId,
    { id: 1, method: "run.start", params: { assistant_id: graph, input } },
    NO_HEADERS,
  );
  if (answer.type !== "success") throw new Error(answer.message);
  return String(answer.result["run_id"]);
}

/** Events after a number until so many runs have ended. */
async function events(runtime: Runtime, threadId: string, runs: number, since = 0): Promise<Event[]> {
  const leaving = new AbortController();
  const seen: Event[] = [];
  for await (const frame of await runtime.services.threadProtocol.events(LOCAL, threadId, { filters: [{ channels: ALL }], since }, leaving.signal)) {
    seen.push(read(frame));
    if (seen.filter(isEnd).length === runs) leaving.abort();
  }
  return seen;
}

async function seqOf(database: Awaited<ReturnType<typeof testDatabase>>["database"], threadId: string): Promise<number> {
  const [row] = await database.sql<{ seq: number }[]>`select seq::float8 as seq from threads where thread_id = ${threadId}`;
  return row?.seq ?? -1;
}

test("numbers never go back over a worker that is killed in the midst of a run", async () => {
  const { database, url } = await testDatabase();
  const runtime = await testRuntime(database, { role: "server", bus: await openPostgresBus({ database, log }), leaseSeconds: 1, configPath: V2_GRAPHS });
  await using _runtime = runtime;
  const threadId = randomUUID();
  const before: Event[] = [];
  {
    // dies in the midst of its writes of checkpoints
    await using doomed = workerProcess(url, { GRAPHS: V2_GRAPHS, KILL_AT: "9", KILL_WHEN_TOLD: "1" });
    await doomed.ready;
    await start(runtime, threadId, "tool_user", { messages: [{ role: "user", content: "Hi", id: "human-1" }] });
    await doomed.exited;
    const [kept] = await database.sql<{ count: number }[]>`select count(*)::int as count from stream_events where run_id = ${threadId}`;
    expect(kept?.count).toBeGreaterThan(0);
    const leaving = new AbortController();
    for await (const frame of await runtime.services.threadProtocol.events(LOCAL, threadId, { filters: [{ channels: ALL }], since: 0 }, leaving.signal)) {
      before.push(read(frame));
      if (before.length === kept?.count) leaving.abort();
    }
  }
  expect(before.some(isEnd)).toBe(false);
  await using successor = workerProcess(url, { GRAPHS: V2_GRAPHS });
  await successor.ready;
  const all = await events(runtime, threadId, 1);
  // a jump counts as a gap: what is known of the state comes before what is said next
  const said = all.filter((event) => !event.event_id.startsWith("state-"));
  expect(said.slice(0, before.length)).toEqual(before);
  const numbers = said.map((event) => event.seq);
  expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
  expect(numbers[before.length]).toBeGreaterThan(1_000_000);
  expect(said.at(-1)?.params.data["event"]).toBe("completed");
  expect(await seqOf(database, threadId)).toBe(numbers.at(-1));
  expect(said.filter(({ method, params }) => method === "tools" && params.data["event"] === "tool-finished").length).toBeGreaterThan(0);

  await start(runtime, threadId, "talk", { messages: [{ role: "user", content: "Again", id: "human-2" }] });
  const next = await events(runtime, threadId, 1, numbers.at(-1) ?? 0);
  expect(next[0]?.seq).toBe((numbers.at(-1) ?? 0) + 1);
});

test("who comes too late for the events gets the state in their place, then what comes", async () => {
  const { database } = await testDatabase();
  await using runtime = await testRuntime(database, { bus: await openPostgresBus({ database, log }), configPath: V2_GRAPHS });
  await runtime.start();
  const threadId = randomUUID();
  await start(runtime, threadId, "ask", {});
  const first = await events(runtime, threadId, 1);
  const written = () => database.sql`select 1 from stream_events where run_id = ${threadId}`;
  await eventually(written, (rows) => rows.length === first.length);
  await database.sql`delete from stream_events where run_id = ${threadId}`;
  const late = await events(runtime, threadId, 1);
  expect(late.map(({ method, params }) => [method, params.data])).toEqual([
    ["values", { answers: {} }],
    ["input.requested", first.find(({ method }) => method === "input.requested")?.params.data],
    ["lifecycle", { event: "interrupted", graph_name: "ask" }],
  ]);
  expect(new Set(late.map((event) => event.event_id)).size).toBe(3);
  expect(await events(runtime, threadId, 1)).toEqual(late);

  const following = events(runtime, threadId, 2);
  await start(runtime, threadId, "ask", "answer");
  const all = await following;
  expect(all.slice(0, 3)).toEqual(late);
  expect(all[3]?.seq).toBe((first.at(-1)?.seq ?? 0) + 1);
  expect(all.at(-1)?.params.data["event"]).toBe("completed");
});

test("a run that goes back to the queue goes on with the next number", async () => {
  const { database } = await testDatabase();
  const bus = await openPostgresBus({ database, log });
  const threadId = randomUUID();
  {
    await using runtime = await testRuntime(database, { bus });
    await runtime.start();
    await start(runtime, threadId, "slow", { steps: 30, ms: 30 });
    await eventually(
      () => seqOf(database, threadId),
      (seq) => seq > 0,
    );
    for await (const frame of await runtime.services.threadProtocol.events(
      LOCAL,
      threadId,
      { filters: [{ channels: ["updates"] }], since: 0 },
      AbortSignal.timeout(120_000),
    ))
      if (read(frame).method === "updates") break;
    await runtime.drain();
  }
  const drained = await seqOf(database, threadId);
  expect(drained).toBeLessThan(1_000);
  await using runtime = await testRuntime(database, { bus: await openPostgresBus({ database, log }) });
  await runtime.start();
  const numbers = (await events(runtime, threadId, 1)).map((event) => event.seq);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect(numbers.length).toBeGreaterThan(drained);
});

test("a thread leaves events from its first run over v2 on, whatever way a run comes, and none when it is deleted", async () => {
  const { database } = await testDatabase();
  await using runtime = await testRuntime(database, { bus: await openPostgresBus({ database, log }), configPath: V2_GRAPHS });
  await runtime.start();
  const threadId = randomUUID();
  const request = { assistant_id: "ask", input: {}, if_not_exists: "create" } as RunCreate;
  const run = await runtime.services.runs.create(LOCAL, threadId, request, NO_HEADERS);
  await runtime.services.runs.join(LOCAL, threadId, run.run_id, { cancelOnDisconnect: false, signal: AbortSignal.timeout(120_000) });
  const kept = () => database.sql`select 1 from stream_events where run_id = ${threadId}`;
  expect(await seqOf(database, threadId)).toBe(0);
  expect(await kept()).toHaveLength(0);
  await start(runtime, threadId, "ask", "answer");
  const seen = await events(runtime, threadId, 1);
  await runtime.services.runs.create(LOCAL, threadId, { ...request, stream_mode: ["events", "updates"] }, NO_HEADERS);
  const more = await events(runtime, threadId, 2);
  expect(more.slice(0, seen.length)).toEqual(seen);
  expect(more.slice(seen.length).map(({ method }) => method)).toEqual(["lifecycle", "tasks", "input.requested", "tasks", "lifecycle"]);
  await eventually(kept, (rows) => rows.length > 5);
  await runtime.services.threads.delete(LOCAL, threadId);
  expect(await kept()).toHaveLength(0);
  await expect(runtime.services.threadProtocol.command(LOCAL, threadId, { id: 1, method: "state.get" }, NO_HEADERS)).rejects.toMatchObject({
    code: "not_found",
  });
});

test("transformers that a graph was compiled with speak on their channels", async () => {
  const { database } = await testDatabase();
  await using runtime = await testRuntime(database, { bus: await openPostgresBus({ database, log }), configPath: V2_GRAPHS });
  await runtime.start();
  const threadId = randomUUID();
  await start(runtime, threadId, "counted", { messages: [{ role: "user", content: "Hi", id: "human-1" }] });
  const custom = (await events(runtime, threadId, 1)).filter(({ method }) => method === "custom").map(({ params }) => params.data);
  expect(custom).toEqual([
    { name: "updates", payload: { node: "agent" } },
    { name: "total", payload: 1 },
  ]);
});
