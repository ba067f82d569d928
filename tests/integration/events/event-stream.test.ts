import { afterAll, beforeAll, expect, test } from "vitest";
import { recordEvent } from "#db/queries/record-event.ts";
import { LogEvent } from "#protocol/events/events.ts";
import { CONFORMANCE_GRAPHS } from "../../conformance/world.ts";
import { testDatabase, type TestDatabase } from "../../helpers/database.ts";
import { startServer, type ServerProcess } from "../../helpers/server.ts";

let database: TestDatabase;
let one: ServerProcess;
let two: ServerProcess;

beforeAll(async () => {
  database = await testDatabase();
  [one, two] = (await Promise.all(
    ["all", "server"].map((ROLE) => startServer({ databaseUrl: database.url, langgraphJson: CONFORMANCE_GRAPHS, environment: { ROLE } })),
  )) as [ServerProcess, ServerProcess];
});
afterAll(() => Promise.all([one, two].map((server) => server[Symbol.asyncDispose]())));

interface Frame {
  id: number;
  event: string;
  data: LogEvent;
}

/** Reads frames until the condition holds, then leaves. */
async function follow(
  server: ServerProcess,
  query: string,
  until: (frames: Frame[]) => boolean,
  headers: Record<string, string> = {},
  onOpen?: () => Promise<unknown>,
): Promise<Frame[]> {
  const leave = new AbortController();
  const answer = await fetch(`${server.url}/events/stream?${query}`, { headers, signal: leave.signal });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  const acted = onOpen?.();
  const frames: Frame[] = [];
  let text = "";
  for await (const chunk of (answer.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
      frames.push({ id: Number(field("id")), event: field("event"), data: LogEvent.parse(JSON.parse(field("data"))) });
    }
    if (until(frames)) break;
  }
  leave.abort();
  await acted;
  return frames;
}

test("what happens in one process is followed at another, live, and goes on where a client left", async () => {
  const { thread_id } = await one.client.threads.create();
  const run = () => one.client.runs.wait(thread_id, "steps", { input: {} });
  const ended = (count: number) => (frames: Frame[]) => frames.filter(({ event }) => event === "run.ended").length === count;
  // one that is not taken at once is `run.created` first
  const types = "type=run.started,run.ended,session.created";
  const live = await follow(two, `${types}&thread_id=${thread_id}`, ended(2), {}, async () => {
    await run();
    await run();
  });
  expect(live.map(({ event }) => event)).toEqual(["run.started", "run.ended", "run.started", "run.ended"]);
  expect(live.map(({ id, event }) => [id, event])).toEqual(live.map(({ data }) => [data.seq, data.type]));
  const again = await follow(one, `${types}&thread_id=${thread_id}`, ended(1), { "last-event-id": String(live[1]?.id) });
  expect(again).toEqual(live.slice(2));
  const fromStart = await follow(two, `${types}&after=0&thread_id=${thread_id}`, ended(2));
  expect(fromStart.map(({ event }) => event)).toEqual(["session.created", ...live.map(({ event }) => event)]);
});

test("many followers hold no connection, and events of somebody else pass by them", async () => {
  const { sql } = database.database;
  const connections = async () => (await sql<{ n: number }[]>`select count(*)::int as n from pg_stat_activity where datname = current_database()`)[0]?.n ?? 0;
  const leave = new AbortController();
  // whatever the pools of both open for other work is open now
  await Promise.all([one, two].flatMap(({ client }) => Array.from({ length: 20 }, () => client.threads.count())));
  const before = await connections();
  const answers = await Promise.all(Array.from({ length: 30 }, () => fetch(`${two.url}/events/stream`, { signal: leave.signal })));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  // a pool of a process has four, besides the ones that listen
  expect((await connections()) - before).toBeLessThanOrEqual(4);
  leave.abort();
  const frames = await follow(
    two,
    "category=security",
    (all) => all.length > 1,
    {},
    async () => {
      await recordEvent(sql, { type: "login.failed", owner: null, data: { reason: "nobody's" } });
      await recordEvent(sql, { type: "access.denied", owner: "ada", data: { reason: "ada's" } });
      await recordEvent(sql, { type: "access.denied", owner: "local", data: { reason: "mine" } });
    },
  );
  expect(frames.map(({ data }) => data.data)).toEqual([{ reason: "nobody's" }, { reason: "mine" }]);
});

test("a position that is none is refused", async () => {
  for (const id of ["junk", "-1", "1e400", "99999999999999999999"])
    expect((await fetch(`${one.url}/events/stream`, { headers: { "last-event-id": id } })).status).toBe(400);
});
