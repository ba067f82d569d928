import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { CONFORMANCE_GRAPHS, until, world } from "./world.ts";
import { startServer } from "../helpers/server.ts";
import { verifies } from "./verifies.ts";

const here = world();
const newThread = async () => (await here.client.threads.create()).thread_id;
const newKey = () => ({ "idempotency-key": randomUUID() });
const STEPS = { assistant_id: "steps", input: {} };
const addressOf = (answer: Response) => answer.headers.get("content-location");

verifies("idempotency.one-run", async () => {
  const thread = await newThread();
  for (const path of [`/threads/${thread}/runs`, `/threads/${thread}/runs/wait`, `/threads/${thread}/runs/stream`, "/runs", "/runs/wait", "/runs/stream"]) {
    const key = newKey();
    const body = { ...STEPS, multitask_strategy: "enqueue", stream_mode: ["values", "custom"] };
    const first = await here.http("POST", path, body, key);
    const answered = await first.text();
    const again = await here.http("POST", path, body, key);
    const repeated = await again.text();
    expect([again.status, addressOf(again)], path).toEqual([200, addressOf(first)]);
    // a stream is replayed from its start, a wait waits for the same end
    if (!path.endsWith("/runs")) expect(repeated.trim(), path).toBe(answered.trim());
  }
  expect(await here.client.runs.list(thread, { limit: 100 })).toHaveLength(3);
});

verifies("idempotency.batch", async () => {
  const key = newKey();
  const idsOf = async (answer: Response) => ((await answer.json()) as { run_id: string }[]).map((run) => run.run_id);
  const first = await idsOf(await here.http("POST", "/runs/batch", [STEPS, STEPS], key));
  expect(new Set(first).size).toBe(2);
  expect(await idsOf(await here.http("POST", "/runs/batch", [STEPS, STEPS], key))).toEqual(first);
});

verifies("idempotency.conflict", async () => {
  const thread = await newThread();
  const key = newKey();
  await (await here.http("POST", `/threads/${thread}/runs/wait`, STEPS, key)).text();
  for (const path of [`/threads/${thread}/runs`, `/threads/${thread}/runs/wait`, `/threads/${thread}/runs/stream`, "/runs"]) {
    const answer = await here.http("POST", path, { ...STEPS, input: { log: ["other"] } }, key);
    expect([answer.status, answer.headers.get("x-error-code")], path).toEqual([409, "idempotency_conflict"]);
  }
  expect(await here.client.runs.list(thread)).toHaveLength(1);
});

verifies("idempotency.bad-key", async () => {
  for (const key of ["", "x".repeat(256), "caf\u00e9"]) {
    const answer = await here.http("POST", "/runs", STEPS, { "idempotency-key": key });
    expect([answer.status, answer.headers.get("x-error-code")], key).toEqual([400, "invalid_request"]);
  }
});

verifies("idempotency.crash", async () => {
  const thread = await newThread();
  const key = newKey();
  await using doomed = await startServer({ databaseUrl: here.database.url, langgraphJson: CONFORMANCE_GRAPHS });
  const lost = fetch(`${doomed.url}/threads/${thread}/runs`, { method: "POST", body: JSON.stringify(STEPS), headers: key }).then(
    () => null,
    () => null,
  );
  const [made] = await until(
    () => here.database.database.sql<{ run_id: string }[]>`select run_id from runs where thread_id = ${thread}`,
    (rows) => rows.length > 0,
  );
  await doomed.stop("SIGKILL");
  await lost;
  const again = await here.http("POST", `/threads/${thread}/runs`, STEPS, key);
  expect([again.status, addressOf(again)]).toEqual([200, `/threads/${thread}/runs/${made?.run_id}`]);
  expect(await here.client.runs.join(thread, made?.run_id ?? "")).toMatchObject({ last: "three" });
  expect(await here.client.runs.list(thread)).toHaveLength(1);
});
