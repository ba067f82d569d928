import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "@langchain/langgraph-sdk";
import { expect, test } from "vitest";
import { ADOPTED } from "#db/queries/adopt-things.ts";
import { fixture, world } from "../../conformance/world.ts";
import { startServer } from "../../helpers/server.ts";
import { bearer, JWT_SECRET } from "../../helpers/tokens.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const langgraphJson = fixture("projects/custom-auth/without.json");

const here = world({ langgraphJson });

/** Tables with an owner that do not go with it, and why. */
const LEFT: Record<string, string> = {
  api_keys: "nobody has a key without authentication",
  audit_log: "history is not rewritten",
  events: "history is not rewritten",
  event_intake: "history is not rewritten",
  idempotency_keys: "whoever repeats such a request is somebody else",
};

test("every table with an owner is handed over, or says why not", async () => {
  const rows = await here.database.database.sql<{ name: string }[]>`
    select table_name as name from information_schema.columns where column_name = 'owner' and table_schema = current_schema()`;
  expect(rows.map(({ name }) => name).toSorted()).toEqual([...ADOPTED, ...Object.keys(LEFT)].toSorted());
});

test("what was made without accounts is handed to one, but not while it is at work", async () => {
  const { client, database } = here;
  const { thread_id: thread } = await client.threads.create();
  await client.runs.wait(thread, "slow", { input: { answer: "x" } });
  const { assistant_id: assistant } = await client.assistants.create({ graphId: "whoami", name: "mine" });
  const { cron_id: cron } = await client.crons.create("whoami", { schedule: "0 0 1 1 *", input: {} });
  await client.store.putItem(["plans"], "kept", { from: "local" });
  await client.store.putItem(["plans"], "taken", { from: "local" });

  await using server = await startServer({ databaseUrl: database.url, langgraphJson, environment: { AUTH: "jwt", JWT_SECRET, RATE_LIMIT_PER_MINUTE: "0" } });
  const ana = new Client({ apiUrl: server.url, apiKey: null, defaultHeaders: await bearer({ sub: "ana" }), callerOptions: { maxRetries: 0 } });
  await ana.store.putItem(["plans"], "taken", { from: "ana" });
  await expect(ana.threads.get(thread)).rejects.toThrow(/404/);

  const adopt = () =>
    promisify(execFile)(process.execPath, ["src/cli/slipway.ts", "adopt", "--user", "ana"], {
      cwd: ROOT,
      env: { PATH: process.env["PATH"], HOME: "/tmp", DATABASE_URL: database.url, DATA_DIR: server.dataDir },
    });
  const { run_id: later } = await client.runs.create(null, "whoami", { input: { note: "" }, afterSeconds: 600 });
  await expect(adopt()).rejects.toMatchObject({ stderr: expect.stringContaining('1 runs of "local" are not over') as string });
  await expect(ana.threads.get(thread)).rejects.toThrow(/404/);
  await database.database.sql`update runs set status = 'interrupted' where run_id = ${later}`;

  expect((await adopt()).stdout).toMatch(/1 {2}crons/);
  expect(await ana.threads.get(thread)).toMatchObject({ status: "interrupted" });
  expect(await ana.runs.wait(thread, "slow", { command: { resume: "go on" } })).toMatchObject({ answer: "go on" });
  expect(await ana.assistants.get(assistant)).toMatchObject({ name: "mine" });
  expect(await ana.crons.search({})).toMatchObject([{ cron_id: cron }]);
  expect(await ana.store.getItem(["plans"], "kept")).toMatchObject({ value: { from: "local" } });
  expect(await ana.store.getItem(["plans"], "taken")).toMatchObject({ value: { from: "ana" } });
  await expect(client.threads.get(thread)).rejects.toThrow(/404/);
  expect(await client.store.getItem(["plans"], "taken")).toMatchObject({ value: { from: "local" } });
});
