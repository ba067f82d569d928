/**
 * Every route there is, as one row: who asks without an identity, as somebody else and as the owner. A route without a row fails.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@langchain/langgraph-sdk";
import { beforeAll, describe, expect, test } from "vitest";
import { allRoutes } from "../helpers/routes.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { verifies } from "./verifies.ts";
import { fixture, world, type World } from "./world.ts";

const CANARY = "canary-of-ada";

/** What there is of ada's when a row is asked. */
interface Things {
  thread: string;
  run: string;
  /** Of another thread, for rows that end what they are about. */
  spare: { thread: string; run: string };
  checkpoint: string;
  assistant: string;
  cron: string;
  approval: string;
}

interface Row {
  /** Rules asked, in order, each named once; none for routes that are not about LangGraph's resources. */
  events: string[];
  body?: (things: Things) => unknown;
  query?: string;
  /** What somebody else gets: 404 unless told. `empty`: an answer that holds nothing of ada's. */
  stranger?: number | "empty";
  /** What ada gets when it is no 2xx. */
  owner?: number;
  /** A stream that goes on until somebody leaves. */
  opens?: boolean;
  /** Other than the things' own. */
  path?: (things: Things) => string;
}

const RUN = (things: Things) => ({ assistant_id: things.assistant, input: {}, multitask_strategy: "enqueue" });
const CREATE_RUN = ["assistants:read", "threads:create_run"];
const A2A = { jsonrpc: "2.0", id: 1, method: "tasks/get", params: { id: "00000000-0000-7000-8000-000000000000" } };
const OPEN = ["GET /ok", "GET /info", "GET /openapi.json", "GET /docs", "GET /docs/:file", "GET /ui/:graph/:file"];

/** In this order: what ends something comes last. */
const ROWS: Record<string, Row> = {
  "GET /": { events: [], stranger: "empty" },
  "GET /metrics": { events: [], stranger: "empty" },
  "GET /threads/:thread_id/stream": { events: ["threads:read"], opens: true },
  "ALL /a2a/:assistant_id": { events: ["assistants:read", "threads:read"], body: () => A2A },
  "POST /a2a/:assistant_id": { events: ["assistants:read", "threads:read"], body: () => A2A },
  "GET /a2a/:assistant_id/.well-known/agent-card.json": { events: ["assistants:read"] },
  "GET /.well-known/agent-card.json": {
    events: ["assistants:read"],
    path: ({ assistant }) => `/.well-known/agent-card.json?assistant_id=${assistant}`,
  },
  "POST /ui/:graph": { events: [], body: () => ({ name: "x" }), owner: 404 },

  "POST /assistants": { events: ["assistants:create"], body: () => ({ graph_id: "whoami" }), stranger: "empty" },
  "POST /assistants/search": { events: ["assistants:search"], body: () => ({}), stranger: "empty" },
  "POST /assistants/count": { events: ["assistants:search"], body: () => ({}), stranger: "empty" },
  "GET /assistants/:assistant_id": { events: ["assistants:read"] },
  "PATCH /assistants/:assistant_id": { events: ["assistants:update"], body: () => ({ metadata: { note: CANARY } }) },
  "GET /assistants/:assistant_id/graph": { events: ["assistants:read"] },
  "GET /assistants/:assistant_id/schemas": { events: ["assistants:read"] },
  "GET /assistants/:assistant_id/subgraphs": { events: ["assistants:read"] },
  "GET /assistants/:assistant_id/subgraphs/:namespace": { events: ["assistants:read"] },
  "POST /assistants/:assistant_id/versions": { events: ["assistants:read"], body: () => ({}) },
  "POST /assistants/:assistant_id/latest": { events: ["assistants:update"], body: () => ({ version: 1 }) },

  "POST /threads": { events: ["threads:create"], body: () => ({}), stranger: "empty" },
  "POST /threads/search": { events: ["threads:search"], body: () => ({}), stranger: "empty" },
  "POST /threads/count": { events: ["threads:search"], body: () => ({}), stranger: "empty" },
  "GET /threads/:thread_id": { events: ["threads:read"] },
  "GET /threads/:thread_id/storage": { events: ["threads:read"] },
  "PATCH /threads/:thread_id": { events: ["threads:update"], body: () => ({ metadata: { note: CANARY } }) },
  "POST /threads/:thread_id/copy": { events: ["threads:read", "threads:create"], stranger: 409 },
  "GET /threads/:thread_id/state": { events: ["threads:read"] },
  "POST /threads/:thread_id/state/checkpoint": { events: ["threads:read"], body: ({ checkpoint: checkpoint_id }) => ({ checkpoint: { checkpoint_id } }) },
  "GET /threads/:thread_id/state/:checkpoint_id": { events: ["threads:read"] },
  "GET /threads/:thread_id/history": { events: ["threads:read"] },
  "POST /threads/:thread_id/history": { events: ["threads:read"], body: () => ({}) },
  "GET /threads/:thread_id/runs": { events: ["threads:search", "threads:read"] },
  "GET /threads/:thread_id/runs/:run_id": { events: ["threads:read"] },
  "GET /threads/:thread_id/runs/:run_id/join": { events: ["threads:read"] },
  "GET /threads/:thread_id/runs/:run_id/stream": { events: ["threads:read"], stranger: "empty" },
  "GET /runs/:run_id/stream": { events: ["threads:read"], stranger: "empty" },
  "POST /threads/:thread_id/commands": {
    events: ["threads:read"],
    body: () => ({ id: 1, method: "state.get", params: {} }),
  },
  "POST /threads/:thread_id/stream/events": { events: ["threads:read"], body: () => ({ channels: ["values"] }), opens: true },
  "GET /threads/:thread_id/stream/events": { events: [], owner: 400 },

  "POST /runs/crons": { events: ["assistants:read", "crons:create", "threads:create_run"], body: (t) => ({ ...RUN(t), schedule: "0 0 1 1 *" }) },
  "POST /threads/:thread_id/runs/crons": {
    events: ["assistants:read", "crons:create", "threads:create_run"],
    body: (t) => ({ ...RUN(t), schedule: "0 0 1 1 *" }),
  },
  "POST /runs/crons/search": { events: ["crons:search"], body: () => ({}), stranger: "empty" },
  "POST /runs/crons/count": { events: ["crons:search"], body: () => ({}), stranger: "empty" },
  "GET /runs/crons/:cron_id": { events: ["crons:read"] },
  "PATCH /runs/crons/:cron_id": { events: ["crons:update"], body: () => ({ enabled: false }) },

  "PUT /store/items": { events: ["store:put"], body: () => ({ namespace: ["plans"], key: "other", value: { note: "x" } }), stranger: "empty" },
  "GET /store/items": { events: ["store:get"], query: "namespace=plans&key=k", stranger: "empty" },
  "POST /store/items/search": { events: ["store:search"], body: () => ({ namespace_prefix: ["plans"], filter: { note: CANARY } }), stranger: "empty" },
  "POST /store/namespaces": { events: ["store:list_namespaces"], body: () => ({ prefix: ["plans"] }), stranger: "empty" },

  "ALL /mcp": { events: ["assistants:search", "assistants:read"], body: () => ({ jsonrpc: "2.0", id: 1, method: "tools/list" }), stranger: "empty" },
  "POST /mcp": { events: ["assistants:search", "assistants:read"], body: () => ({ jsonrpc: "2.0", id: 1, method: "tools/list" }), stranger: "empty" },
  "GET /approvals": { events: ["threads:search"], stranger: "empty" },
  "GET /approvals/:approval_id": { events: ["threads:read"] },
  "GET /projects": { events: [], stranger: "empty" },
  "GET /projects/:project_id": { events: [], owner: 404 },
  "POST /projects/:project_id/rollback": { events: [], body: () => ({ reason: "none" }), owner: 404 },
  "POST /projects/:project_id/undeploy": { events: [], owner: 404 },
  "GET /projects/:project_id/logs": { events: [], owner: 404 },

  "POST /approvals/:approval_id/decision": { events: ["threads:read", "threads:create_run"], body: () => ({ type: "approve" }) },
  "POST /threads/:thread_id/runs": { events: CREATE_RUN, body: RUN },
  "POST /threads/:thread_id/runs/stream": { events: CREATE_RUN, body: RUN },
  "POST /threads/:thread_id/runs/wait": { events: [...CREATE_RUN, "threads:read"], body: RUN },
  "POST /runs": { events: CREATE_RUN, body: RUN },
  "POST /runs/stream": { events: CREATE_RUN, body: RUN },
  "POST /runs/wait": { events: [...CREATE_RUN, "threads:read"], body: RUN },
  "POST /runs/batch": { events: CREATE_RUN, body: (things) => [RUN(things)] },
  "POST /runs/cancel": { events: ["threads:update"], body: ({ thread: thread_id }) => ({ thread_id, status: "all" }), stranger: "empty" },
  "POST /threads/:thread_id/runs/:run_id/cancel": { events: ["threads:update"] },
  "POST /threads/:thread_id/state": {
    events: ["threads:update"],
    body: () => ({ values: { answer: "x" } }),
    path: ({ spare }) => `/threads/${spare.thread}/state`,
  },
  "PATCH /threads/:thread_id/state": {
    events: ["threads:update"],
    body: () => ({ metadata: { note: CANARY } }),
    path: ({ spare }) => `/threads/${spare.thread}/state`,
  },

  "DELETE /store/items": { events: ["store:delete"], body: () => ({ namespace: ["plans"], key: "k" }), stranger: "empty" },
  "DELETE /runs/crons/:cron_id": { events: ["crons:delete"] },
  "DELETE /threads/:thread_id/runs/:run_id": { events: ["threads:delete"], path: ({ spare }) => `/threads/${spare.thread}/runs/${spare.run}` },
  "POST /threads/prune": { events: ["threads:delete"], body: ({ spare }) => ({ thread_ids: [spare.thread] }), stranger: "empty" },
  "DELETE /threads/:thread_id": { events: ["threads:delete"] },
  "DELETE /assistants/:assistant_id": { events: ["assistants:delete"] },
};

function pathOf(route: string, row: Row, things: Things): { method: string; path: string } {
  const [method = "", template = ""] = route.split(" ");
  const named: Record<string, string> = {
    thread_id: things.thread,
    run_id: things.run,
    checkpoint_id: things.checkpoint,
    assistant_id: things.assistant,
    cron_id: things.cron,
    approval_id: things.approval,
    project_id: things.thread,
    graph: "whoami",
    file: "x.js",
    namespace: "x",
    rest: "x",
  };
  const path = row.path?.(things) ?? template.replaceAll(/[:*](\w+)/g, (_, name: string) => named[name] ?? name);
  return { method: method === "ALL" ? "POST" : method, path: row.query === undefined ? path : `${path}?${row.query}` };
}

async function ask(here: World, route: string, things: Things, token: string | null): Promise<{ status: number; text: string }> {
  const row = ROWS[route];
  if (row === undefined) throw new Error(`${route} has no row`);
  const { method, path } = pathOf(route, row, things);
  const headers: Record<string, string> = {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const answer = await here.http(method, path, method === "GET" ? undefined : row.body?.(things), headers);
  if (row.opens === true && answer.ok) {
    await answer.body?.cancel();
    return { status: answer.status, text: "" };
  }
  return { status: answer.status, text: await answer.text() };
}

async function makeThings(here: World): Promise<Things> {
  const ada = new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: { authorization: "Bearer ada" }, callerOptions: { maxRetries: 0 } });
  const { assistant_id: assistant } = await ada.assistants.create({ graphId: "slow", name: CANARY, metadata: { note: CANARY } });
  const pause = async () => {
    const { thread_id: thread } = await ada.threads.create({ metadata: { note: CANARY } });
    const { run_id: run } = await ada.runs.create(thread, assistant, { input: { answer: CANARY } });
    await ada.runs.join(thread, run);
    return { thread, run };
  };
  const { thread, run } = await pause();
  const state = await ada.threads.getState(thread);
  const cron = await ada.crons.create(assistant, { schedule: "0 0 1 1 *", input: { note: CANARY } });
  await ada.store.putItem(["plans"], "k", { note: CANARY });
  const approvals = (await (await here.http("GET", `/approvals?thread_id=${thread}`, undefined, { authorization: "Bearer ada" })).json()) as {
    items: { id: string }[];
  };
  return {
    thread,
    run,
    spare: await pause(),
    checkpoint: state.checkpoint.checkpoint_id ?? "",
    assistant,
    cron: cron.cron_id,
    approval: approvals.items[0]?.id ?? "",
  };
}

test("every route has a row", () => {
  expect(Object.keys(ROWS).concat(OPEN).toSorted()).toEqual(allRoutes().toSorted());
});

describe("with an identity and no rules", () => {
  const here = world({ langgraphJson: fixture("projects/custom-auth/identity-only.json") });

  verifies("auth.every-route", async () => {
    const things = await makeThings(here);
    const wrong: unknown[] = [];
    for (const [route, row] of Object.entries(ROWS)) {
      const nobody = await ask(here, route, things, null);
      if (nobody.status !== 401 || !nobody.text.includes("Bring a token")) wrong.push({ route, nobody });
      const stranger = await ask(here, route, things, "bob");
      const expected = row.stranger ?? row.owner ?? 404;
      const right = expected === "empty" ? stranger.status < 300 : stranger.status === expected;
      const leaks = [CANARY, things.checkpoint, things.assistant, things.cron].some(
        (secret) => stranger.text.includes(secret) && !pathOf(route, row, things).path.includes(secret),
      );
      if (!right || stranger.text.includes(CANARY) || (row.stranger === "empty" && leaks)) wrong.push({ route, stranger, expected });
    }
    expect(wrong).toEqual([]);
    // what bob did to all of it left it as it was
    for (const [route, row] of Object.entries(ROWS)) {
      const owner = await ask(here, route, things, "ada");
      const right = row.owner === undefined ? owner.status < 300 : owner.status === row.owner;
      if (!right) wrong.push({ route, owner });
    }
    expect(wrong).toEqual([]);
  });
});

describe("with a rule for everything", () => {
  const log = join(temporaryFolder("auth-log"), "events.jsonl");
  const here = world({ langgraphJson: fixture("projects/custom-auth/recorded.json"), environment: () => ({ AUTH_LOG: log }) });
  let things: Things;
  beforeAll(async () => {
    things = await makeThings(here);
  });

  verifies("auth.events", async () => {
    const wrong: unknown[] = [];
    for (const [route, row] of Object.entries(ROWS)) {
      writeFileSync(log, "");
      // bob: a rule that lets everybody in lifts the owner rule
      const { status, text } = await ask(here, route, things, "bob");
      const events = readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => (JSON.parse(line) as { event: string }).event);
      if (JSON.stringify([...new Set(events)]) !== JSON.stringify(row.events)) wrong.push({ route, asked: events, expected: row.events, status });
      if (row.owner === undefined ? status >= 300 : status !== row.owner) wrong.push({ route, status, text });
    }
    expect(wrong).toEqual([]);
  });
});
