import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase } from "../../helpers/database.ts";
import { type ServerProcess, startServer } from "../../helpers/server.ts";

const GRAPHS = fileURLToPath(new URL("../../fixtures/graphs/langgraph.json", import.meta.url));

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer({ databaseUrl: (await testDatabase()).url, langgraphJson: GRAPHS });
});
afterAll(() => server[Symbol.asyncDispose]());

const send = (method: string, path: string, body?: unknown) =>
  fetch(`${server.url}${path}`, { method, headers: { "content-type": "application/json" }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

/** A thread whose older checkpoints are pruned, and one of these. */
async function pruned(): Promise<{ thread: string; old: string; asked: string }> {
  const { client } = server;
  const { thread_id: thread } = await client.threads.create();
  await client.runs.wait(thread, "asker", { input: { topic: "x" } });
  const [asked] = await client.threads.getHistory(thread);
  await client.runs.wait(thread, "asker", { command: { resume: "yes" } });
  const history = await client.threads.getHistory(thread);
  await client.threads.prune([thread], { strategy: "keep_latest" });
  return { thread, old: history.at(-1)?.checkpoint.checkpoint_id ?? "", asked: asked?.checkpoint.checkpoint_id ?? "" };
}

test("a checkpoint that was pruned, such as a recorded step of a delivery names, is 404 with words wherever something is to begin there", async () => {
  const { thread, old, asked } = await pruned();
  const before = await (await send("GET", `/threads/${thread}/state`)).text();
  const at = { checkpoint_id: old };
  const ways: [string, string, unknown][] = [
    ["POST", `/threads/${thread}/runs`, { assistant_id: "asker", input: { topic: "y" }, checkpoint: at }],
    ["POST", `/threads/${thread}/runs/wait`, { assistant_id: "asker", input: null, checkpoint_id: old }],
    ["POST", `/threads/${thread}/runs/stream`, { assistant_id: "asker", input: null, config: { configurable: at } }],
    ["POST", `/threads/${thread}/runs/wait`, { assistant_id: "asker", command: { resume: "no" }, checkpoint: { checkpoint_id: asked } }],
    ["POST", `/threads/${thread}/state`, { values: { topic: "z" }, checkpoint: at }],
    ["POST", `/threads/${thread}/state`, { values: { topic: "z" }, checkpoint_id: old }],
  ];
  for (const [method, path, body] of ways) {
    const answer = await send(method, path, body);
    const text = await answer.text();
    expect([answer.status, text], `${method} ${path} ${JSON.stringify(body)}`).toEqual([404, expect.stringMatching(/not found.*pruned.*history/)]);
  }
  // reading it is as reading one that never was
  for (const path of [`/threads/${thread}/state/${old}`, `/threads/${thread}/history?before=${old}`])
    expect((await send("GET", path)).status).toBeLessThan(500);
  expect((await send("POST", `/threads/${thread}/history`, { checkpoint: at })).status).toBe(200);
  const fork = await send("POST", `/threads/${thread}/commands`, { id: 1, method: "state.fork", params: { checkpoint_id: old, input: { topic: "y" } } });
  expect([fork.status < 500, await fork.text()]).toEqual([true, expect.stringContaining("pruned")]);
  expect(await (await send("GET", `/threads/${thread}/state`)).text(), "nothing of it changed the thread").toBe(before);
});
