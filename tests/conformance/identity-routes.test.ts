/** Every route there is, under `AUTH=jwt,api-key`: each kind of credential that is no good, somebody else, a credential that may only read, and the owner. */
import { createHash } from "node:crypto";
import { expect } from "vitest";
import { ownedProject } from "../helpers/owned-project.ts";
import { bearer, JWT_SECRET } from "../helpers/tokens.ts";
import { ask, CANARY, makeThings, pathOf, ROWS, type Row, type Things } from "./route-rows.ts";
import { verifies } from "./verifies.ts";
import { fixture, world } from "./world.ts";

const here = world({
  langgraphJson: fixture("projects/custom-auth/without.json"),
  environment: () => ({ AUTH: "jwt,api-key", JWT_SECRET, RATE_LIMIT_PER_MINUTE: "0" }),
});

const READING = /:(?:read|search|get|list_namespaces)$/;

/** Answers of the owner that hold the canary: that a stranger's never does says something there. */
const TELLING = [
  "GET /approvals",
  "GET /approvals/:approval_id",
  "PATCH /approvals/:approval_id",
  "POST /approvals/:approval_id/decision",
  "GET /projects",
  "GET /projects/:project_id",
  "GET /projects/:project_id/logs",
  "POST /projects/:project_id/undeploy",
  "GET /assistants/:assistant_id",
  "GET /auth/keys",
  "GET /runs/crons/:cron_id",
  "GET /store/items",
  "GET /threads/:thread_id",
  "GET /threads/:thread_id/history",
  "GET /threads/:thread_id/state",
  "POST /assistants/search",
  "POST /runs/crons/search",
  "POST /store/items/search",
  "POST /threads/:thread_id/copy",
  "POST /threads/search",
];

function changes(row: Row): boolean {
  return row.changes === true || row.events.some((event) => !READING.test(event));
}

async function makeKey(credential: Record<string, string>, order: Record<string, unknown>): Promise<{ id: string; headers: Record<string, string> }> {
  const answer = await here.http("POST", "/auth/keys", order, { ...credential, "content-type": "application/json" });
  expect(answer.status).toBe(200);
  const { id, key } = (await answer.json()) as { id: string; key: string };
  return { id, headers: { "x-api-key": key } };
}

/** With whom dave shares all that he may, of which ada has nothing. */
async function guest(): Promise<Record<string, string>> {
  const { id } = await ownedProject(here.database.database.sql, here.server.dataDir, { owner: "dave", name: "polls" });
  const dave = { ...(await bearer({ sub: "dave" })), "content-type": "application/json" };
  expect((await here.http("PUT", `/projects/${id}/shares/carl`, { role: "editor" }, dave)).status).toBe(200);
  return bearer({ sub: "carl" });
}

/** One of each way not to be let in. */
async function badCredentials(ada: Record<string, string>): Promise<Record<string, Record<string, string>>> {
  const unsigned = [{ alg: "none" }, { sub: "ada", exp: 4_000_000_000 }].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const [revoked, expired] = await Promise.all([makeKey(ada, { name: "revoked" }), makeKey(ada, { name: "expired" })]);
  expect((await here.http("DELETE", `/auth/keys/${revoked.id}`, undefined, ada)).status).toBe(204);
  await here.database.database.sql`update api_keys set expires_at = now() where id = ${expired.id}`;
  const madeUp = expired.headers["x-api-key"]?.replace(/^slw_../, "slw_zz") ?? "";
  return {
    nothing: {},
    "an expired token": await bearer({ sub: "ada" }, { expires: -60 }),
    "a token that never expires": await bearer({ sub: "ada" }, { expires: null }),
    "a token of another secret": await bearer({ sub: "ada" }, { secret: "another secret that is long enough too" }),
    "a token that nobody signed": { authorization: `Bearer ${unsigned}.` },
    "a token for nobody": await bearer({}),
    "a token for the owner of a server without accounts": await bearer({ sub: "local" }),
    "a revoked key": revoked.headers,
    "an expired key": expired.headers,
    "a key that is made up": { "x-api-key": madeUp },
    "a hash of a key": { "x-api-key": createHash("sha256").update("slw_").digest("hex") },
    "a service key that nobody set": { "x-service-key": "x".repeat(40), "x-on-behalf-of": "ada" },
    "somebody to act for": { ...(await bearer({ sub: "bob" })), "x-on-behalf-of": "ada" },
  };
}

verifies("identity.every-route", async () => {
  const ada = await bearer({ sub: "ada" });
  const things = await makeThings(here, ada);
  const bad = await badCredentials(ada);
  const bob = await bearer({ sub: "bob" });
  const strangers = { "a token": bob, "a key": (await makeKey(bob, { scopes: ["read", "write", "approve", "admin"] })).headers };
  const carl = await guest();
  // ada's thread works on her project; this one works on none
  const conversation = { ...things, thread: things.spare.thread, run: things.spare.run };
  const reader = (await makeKey(ada, { scopes: ["read"] })).headers;
  const wrong: unknown[] = [];

  for (const [route, row] of Object.entries(ROWS)) {
    for (const [kind, credential] of Object.entries(bad)) {
      const answer = await ask(here, route, things, credential);
      if (answer.status !== 401 || answer.text.includes(CANARY)) wrong.push({ route, kind, answer });
    }
    for (const [kind, credential] of Object.entries(strangers))
      wrong.push(...wrongForStranger(route, row, things, await ask(here, route, things, credential), kind));
    for (const asked of [things, conversation])
      wrong.push(...wrongForStranger(route, row, asked, await ask(here, route, asked, carl), "a guest of somebody else's project"));
    if (changes(row)) {
      const answer = await ask(here, route, things, reader);
      if (answer.status !== 403 || answer.text.includes(CANARY)) wrong.push({ route, kind: "may only read", answer });
    }
  }
  expect(wrong).toEqual([]);

  // what all of them did to it left it as it was
  const telling: string[] = [];
  const owners = { reader, all: (await makeKey(ada, { scopes: ["read", "write", "approve", "admin"] })).headers };
  for (const [route, row] of Object.entries(ROWS)) {
    const expected = row.accounts === undefined ? row.owner : row.accounts.owner;
    for (const [kind, credential] of Object.entries(owners)) {
      if (kind === "reader" && changes(row)) continue;
      const answer = await ask(here, route, things, credential);
      if (expected === undefined ? answer.status >= 300 : answer.status !== expected) wrong.push({ route, kind, answer });
      if (kind === "all" && answer.text.includes(CANARY)) telling.push(route);
    }
  }
  expect(wrong).toEqual([]);
  expect(telling).toEqual(expect.arrayContaining(TELLING));
});

function wrongForStranger(route: string, row: Row, things: Things, answer: { status: number; text: string }, kind: string): unknown[] {
  const { stranger, owner } = row.accounts ?? row;
  const expected = stranger ?? owner ?? 404;
  const right = expected === "empty" ? answer.status < 300 : answer.status === expected;
  const named = pathOf(route, row, things).path;
  const leaks = [things.checkpoint, things.assistant, things.cron, things.key].some((secret) => answer.text.includes(secret) && !named.includes(secret));
  return !right || answer.text.includes(CANARY) || (expected === "empty" && leaks) ? [{ route, kind, answer, expected }] : [];
}
