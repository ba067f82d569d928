/** Every route there is, as one row: what it is asked, and what who gets. */
import { Client } from "@langchain/langgraph-sdk";
import { ownedProject, workOn } from "../helpers/owned-project.ts";
import type { World } from "./world.ts";

export const CANARY = "canary-of-ada";

/** What there is of ada's when a row is asked. */
export interface Things {
  thread: string;
  run: string;
  /** Of another thread, for rows that end what they are about. */
  spare: { thread: string; run: string };
  checkpoint: string;
  assistant: string;
  cron: string;
  approval: string;
  /** With a release, and the thread above as work on it. */
  project: string;
  /** An API key; a made-up id where keys are not in use. */
  key: string;
}

export interface Row {
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
  /** Asks for a change although no event says so. */
  changes?: boolean;
  /** What is different where accounts are built in (`AUTH`). */
  accounts?: Pick<Row, "stranger" | "owner">;
  /** Other than the things' own. */
  path?: (things: Things) => string;
}

const RUN = (things: Things) => ({ assistant_id: things.assistant, input: {}, multitask_strategy: "enqueue" });
const CREATE_RUN = ["assistants:read", "threads:create_run"];
const A2A = { jsonrpc: "2.0", id: 1, method: "tasks/get", params: { id: "00000000-0000-7000-8000-000000000000" } };
export const OPEN = ["GET /ok", "GET /info", "GET /openapi.json", "GET /docs", "GET /docs/:file", "GET /ui/:graph/:file"];

/** In this order: what ends something comes last. */
export const ROWS: Record<string, Row> = {
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
  "GET /approvals/metrics": { events: ["threads:search"], stranger: "empty" },
  "GET /approvals/:approval_id": { events: ["threads:read"] },
  "GET /approvals/:approval_id/history": { events: ["threads:read"] },
  "PATCH /approvals/:approval_id": { events: ["threads:read", "threads:update"], body: () => ({ assignee: "ada" }) },
  // nobody's, so that there is still something to decide below
  "POST /approvals/decisions": { events: ["threads:read"], body: ({ run }) => ({ approval_ids: [run], decision: true }), stranger: "empty", changes: true },
  "GET /auth/me": { events: [], stranger: "empty" },
  "POST /auth/keys": { events: [], body: () => ({ name: "x" }), owner: 404, changes: true, accounts: { stranger: "empty" } },
  // the scope `admin`
  "GET /auth/keys": { events: [], owner: 404, changes: true, accounts: { stranger: "empty" } },
  "GET /events": { events: ["threads:search"], stranger: "empty" },
  "GET /events/stream": { events: ["threads:search"], query: "after=0", stranger: "empty", opens: true },
  "GET /events/metrics": { events: ["threads:search"], stranger: "empty" },
  "GET /events/metrics/sessions": { events: ["threads:search"], stranger: "empty" },
  "GET /events/metrics/session/:session_id": { events: ["threads:search"] },
  "GET /events/audit-log": { events: ["threads:search"], stranger: "empty" },
  // for administrators only, which neither of them is
  "GET /policies": { events: [], stranger: 403, owner: 403 },
  "POST /policies": { events: [], body: () => ({ name: CANARY, pattern: "*", effect: "ask" }), stranger: 403, owner: 403, changes: true },
  "POST /policies/dry-run": { events: [], body: () => ({}), stranger: 403, owner: 403, changes: true },
  "GET /policies/:policy_id": { events: [], stranger: 403, owner: 403 },
  "PUT /policies/:policy_id": { events: [], body: () => ({ name: "x", pattern: "*", effect: "ask" }), stranger: 403, owner: 403, changes: true },
  "DELETE /policies/:policy_id": { events: [], stranger: 403, owner: 403, changes: true },
  "GET /projects": { events: [], stranger: "empty" },
  "GET /projects/:project_id": { events: [] },
  // there is no release to go back to
  "POST /projects/:project_id/rollback": { events: [], body: () => ({ reason: "none" }), stranger: 404, owner: 409, changes: true },
  "POST /projects/:project_id/undeploy": { events: [], changes: true },
  "GET /projects/:project_id/logs": { events: [] },
  // shared among accounts
  "PUT /projects/:project_id/shares/:user": { events: [], body: () => ({ role: "viewer" }), stranger: 404, owner: 403, changes: true, accounts: {} },
  "GET /projects/:project_id/shares": { events: [] },
  "DELETE /projects/:project_id/shares/:user": { events: [], owner: 404, changes: true, accounts: {} },

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
  "DELETE /auth/keys/:key_id": { events: [], owner: 404, changes: true, accounts: {} },
  "DELETE /threads/:thread_id": { events: ["threads:delete"] },
  "DELETE /assistants/:assistant_id": { events: ["assistants:delete"] },
};

export function pathOf(route: string, row: Row, things: Things): { method: string; path: string } {
  const [method = "", template = ""] = route.split(" ");
  const named: Record<string, string> = {
    thread_id: things.thread,
    run_id: things.run,
    checkpoint_id: things.checkpoint,
    assistant_id: things.assistant,
    cron_id: things.cron,
    approval_id: things.approval,
    project_id: things.project,
    user: "carl",
    session_id: things.thread,
    policy_id: things.thread,
    key_id: things.key,
    graph: "whoami",
    file: "x.js",
    namespace: "x",
    rest: "x",
  };
  const path = row.path?.(things) ?? template.replaceAll(/[:*](\w+)/g, (_, name: string) => named[name] ?? name);
  return { method: method === "ALL" ? "POST" : method, path: row.query === undefined ? path : `${path}?${row.query}` };
}

export async function ask(here: World, route: string, things: Things, credential: Record<string, string>): Promise<{ status: number; text: string }> {
  const row = ROWS[route];
  if (row === undefined) throw new Error(`${route} has no row`);
  const { method, path } = pathOf(route, row, things);
  const headers: Record<string, string> = {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    ...credential,
  };
  const answer = await here.http(method, path, method === "GET" ? undefined : row.body?.(things), headers);
  if (row.opens === true && answer.ok) {
    await answer.body?.cancel();
    return { status: answer.status, text: "" };
  }
  return { status: answer.status, text: await answer.text() };
}

/** Ada's, made with her credential. */
export async function makeThings(here: World, credential: Record<string, string>): Promise<Things> {
  const ada = new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: credential, callerOptions: { maxRetries: 0 } });
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
  const approvals = (await (await here.http("GET", `/approvals?thread_id=${thread}`, undefined, credential)).json()) as {
    items: { id: string }[];
  };
  const { sql } = here.database.database;
  const project = await ownedProject(sql, here.server.dataDir, { owner: "ada", name: CANARY });
  await workOn(sql, thread, project.id);
  await sql`update approvals set description = ${CANARY} where thread_id = ${thread}`;
  const made = await here.http("POST", "/auth/keys", { name: CANARY, scopes: ["read"] }, { ...credential, "content-type": "application/json" });
  const key = made.ok ? ((await made.json()) as { id: string }).id : thread;
  return {
    thread,
    run,
    spare: await pause(),
    checkpoint: state.checkpoint.checkpoint_id ?? "",
    assistant,
    cron: cron.cron_id,
    approval: approvals.items[0]?.id ?? "",
    project: project.id,
    key,
  };
}
