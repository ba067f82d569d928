/** Accounts of a real server: keys, roles, the service key, and what ends when a credential does. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { changeAccount } from "#governance/identity/accounts.ts";
import { fixture, until, world } from "../../conformance/world.ts";
import { bearer, JWT_SECRET } from "../../helpers/tokens.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SERVICE_KEY = "the key of a trusted back end of this test";
const CANARY = "canary-of-ada";

const here = world({
  langgraphJson: fixture("projects/custom-auth/without.json"),
  environment: () => ({ AUTH: "jwt,api-key", JWT_SECRET, SERVICE_KEY, RATE_LIMIT_PER_MINUTE: "0", LOG_LEVEL: "debug" }),
});

interface MadeKey {
  id: string;
  key: string;
  expires_at: string | null;
}

function clientOf(credential: Record<string, string>): Client {
  return new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: credential, callerOptions: { maxRetries: 0 } });
}

function ask(method: string, path: string, credential: Record<string, string>, body?: unknown): Promise<Response> {
  return here.http(method, path, body, { ...credential, "content-type": "application/json" });
}

async function makeKey(credential: Record<string, string>, order: Record<string, unknown> = {}): Promise<MadeKey> {
  const answer = await ask("POST", "/auth/keys", credential, order);
  expect(answer.status).toBe(200);
  return (await answer.json()) as MadeKey;
}

function change(identity: string, to: Parameters<typeof changeAccount>[2]): Promise<void> {
  return changeAccount(here.database.database.sql, identity, to, "test");
}

async function slipway(...words: string[]): Promise<{ stdout: string; stderr: string }> {
  const environment = { PATH: process.env["PATH"], HOME: "/tmp", DATABASE_URL: here.database.url, DATA_DIR: here.server.dataDir };
  return promisify(execFile)(process.execPath, ["src/cli/slipway.ts", ...words], { cwd: ROOT, env: environment });
}

/** A thread of this person that waits for an answer. */
async function askedThread(client: Client): Promise<string> {
  const { thread_id } = await client.threads.create({ metadata: { note: CANARY } });
  await client.runs.wait(thread_id, "slow", { input: { answer: CANARY } });
  return thread_id;
}

async function pendingOf(credential: Record<string, string>, threadId: string): Promise<string[]> {
  const { items } = (await (await ask("GET", `/approvals?state=pending&thread_id=${threadId}`, credential)).json()) as { items: { id: string }[] };
  return items.map(({ id }) => id);
}

describe("keys", () => {
  test("give no more than their maker has, and are told once", async () => {
    const ada = await bearer({ sub: "ada" });
    const admin = await makeKey(ada, { scopes: ["read", "admin"], expires_in_days: 1 });
    const headers = { "x-api-key": admin.key };
    expect((await ask("POST", "/auth/keys", headers, { scopes: ["write"] })).status).toBe(403);
    expect((await ask("POST", "/auth/keys", headers, { scopes: ["read"], user: "bob" })).status).toBe(403);
    // it ends with the key that made it
    const child = await makeKey(headers, { scopes: ["read"], expires_in_days: null });
    expect(child.expires_at).toBe(admin.expires_at);
    expect((await ask("POST", "/auth/keys", { "x-api-key": child.key }, { scopes: ["read"] })).status).toBe(403);
    for (const body of [{ scopes: [] }, { scopes: ["fly"] }, { expires_in_days: -1 }, { expires_in_days: 100_000 }, { user: "local" }])
      expect((await ask("POST", "/auth/keys", ada, body)).status, JSON.stringify(body)).toBe(400);

    const listed = await (await ask("GET", "/auth/keys", ada)).text();
    const rows = await here.database.database.sql`select k::text as row from api_keys k`;
    for (const { key, id } of [admin, child]) {
      expect(listed).toContain(id);
      for (const text of [listed, JSON.stringify(rows), here.server.output()]) expect(text).not.toContain(key.slice(8));
    }
  });

  test("are used without a write at every request", async () => {
    const { id, key } = await makeKey(await bearer({ sub: "ada" }));
    const used = () => here.database.database.sql<{ last_used_at: Date | null }[]>`select last_used_at from api_keys where id = ${id}`;
    expect((await used())[0]?.last_used_at).toBeNull();
    await ask("GET", "/auth/me", { "x-api-key": key });
    const [first] = await until(used, ([row]) => row?.last_used_at !== null);
    for (let time = 0; time < 3; time += 1) expect((await ask("GET", "/auth/me", { "x-api-key": key })).status).toBe(200);
    expect(await used()).toEqual([first]);
  });

  test("an answer takes the scope to approve, by whatever API it comes", async () => {
    const token = await bearer({ sub: "ada" });
    const ada = clientOf(token);
    const thread = await askedThread(ada);
    const writer = { "x-api-key": (await makeKey(token, { scopes: ["read", "write"] })).key };
    const approver = { "x-api-key": (await makeKey(token, { scopes: ["read", "approve"] })).key };
    const [approval = ""] = await pendingOf(token, thread);
    const resume = { assistant_id: "slow", command: { resume: "yes" } };
    const command = { id: 1, method: "run.start", params: { assistant_id: "slow", input: { answer: "yes" } } };
    expect((await ask("POST", `/approvals/${approval}/decision`, writer, { type: "approve" })).status).toBe(403);
    expect((await ask("POST", `/threads/${thread}/runs/wait`, writer, resume)).status).toBe(403);
    const commanded = await ask("POST", `/threads/${thread}/commands`, writer, command);
    expect([commanded.status, await commanded.text()]).toEqual([403, expect.stringContaining("approve") as string]);
    expect(await pendingOf(token, thread)).toEqual([approval]);
    expect((await ask("POST", `/threads/${thread}/runs`, approver, { assistant_id: "slow", input: {} })).status).toBe(403);
    expect((await ask("POST", `/approvals/${approval}/decision`, approver, { type: "approve" })).status).toBe(200);
  });
});

describe("what ends with a credential", () => {
  /** Follows a thread as long as the server lets it; resolves when it is cut. */
  async function followed(credential: Record<string, string>, threadId: string): Promise<() => Promise<void>> {
    const answer = await here.http("GET", `/threads/${threadId}/stream`, undefined, credential);
    expect(answer.status).toBe(200);
    const reader = answer.body?.getReader();
    return async () => {
      await expect(
        (async () => {
          while (!(await reader?.read())?.done);
        })(),
      ).rejects.toThrow();
    };
  }

  async function connected(credential: Record<string, string>, threadId: string): Promise<WebSocket> {
    const socket = new WebSocket(`${here.server.url.replace("http", "ws")}/threads/${threadId}/stream/events`, { headers: credential });
    await once(socket, "open");
    return socket;
  }

  test("streams and WebSockets of a revoked key, of a token that ran out, of an account that was disabled; and nobody else's", async () => {
    const token = await bearer({ sub: "ada" });
    const { thread_id: thread } = await clientOf(token).threads.create();
    const { key, id } = await makeKey(token);
    const carl = await bearer({ sub: "carl" });
    const { thread_id: carls } = await clientOf(carl).threads.create();

    const kept = await connected(token, thread);
    // good for eight more seconds, in which a stream is opened with it: 30 are forgiven
    const short = await bearer({ sub: "ada" }, { expires: -22 });
    const cut = [await followed(short, thread), await followed({ "x-api-key": key }, thread), await followed(carl, carls)];
    const sockets = [await connected({ "x-api-key": key }, thread), await connected(carl, carls)];
    const closed = sockets.map((socket) => once(socket, "close"));
    expect((await ask("DELETE", `/auth/keys/${id}`, token)).status).toBe(204);
    expect((await ask("GET", `/threads/${thread}`, { "x-api-key": key })).status).toBe(401);
    await change("carl", { disabled: true });
    expect((await ask("GET", `/threads/${carls}`, carl)).status).toBe(401);
    for (const end of cut) await end();
    await Promise.all(closed);
    expect((await ask("GET", `/threads/${thread}`, short)).status).toBe(401);
    expect(kept.readyState).toBe(WebSocket.OPEN);
    kept.send(JSON.stringify({ id: 1, method: "state.get", params: {} }));
    const [answer] = (await once(kept, "message")) as [Buffer];
    expect(JSON.parse(answer.toString())).toMatchObject({ id: 1, type: "success" });
    kept.close();
    await change("carl", { disabled: false });
    expect((await ask("GET", `/threads/${carls}`, carl)).status).toBe(200);
  });

  test("crons of a revoked key and of a disabled account, which say why", async () => {
    const token = await bearer({ sub: "ada" });
    const dora = await bearer({ sub: "dora" });
    const { key, id } = await makeKey(token);
    const order = { schedule: "* * * * * *", input: { note: "" } };
    const keeps = await clientOf(token).crons.create("whoami", { ...order, schedule: "0 0 1 1 *" });
    const byKey = await clientOf({ "x-api-key": key }).crons.create("whoami", order);
    const byDora = await clientOf(dora).crons.create("whoami", order);
    await ask("DELETE", `/auth/keys/${id}`, token);
    await change("dora", { disabled: true });
    const reason = (cron: string) =>
      until(
        () =>
          here.database.database.sql<
            { enabled: boolean; disabled_reason: string | null }[]
          >`select enabled, disabled_reason from crons where cron_id = ${cron}`,
        ([row]) => row?.enabled === false,
      );
    expect(await reason(byKey.cron_id)).toMatchObject([{ disabled_reason: "The key that it was made with is revoked." }]);
    expect(await reason(byDora.cron_id)).toMatchObject([{ disabled_reason: "The account of its maker is disabled." }]);
    // what its tick would ask, it still may
    await here.database.database.sql`update crons set next_run_date = now() where cron_id = ${keeps.cron_id}`;
    const ran = await until(
      () => here.database.database.sql<{ owner: string; role: string }[]>`
        select owner, kwargs -> 'user' ->> 'auth' as role from runs where metadata ->> 'cron_id' = ${keeps.cron_id}`,
      (rows) => rows.length > 0,
    );
    expect(ran).toEqual([{ owner: "ada", role: "jwt" }]);
  });
});

describe("roles", () => {
  test("an approver decides for others, and the work stays theirs; a user does not even see it", async () => {
    const ada = clientOf(await bearer({ sub: "ada" }));
    const thread = await askedThread(ada);
    const eve = await bearer({ sub: "eve" });
    expect(await pendingOf(eve, thread)).toEqual([]);
    await change("eve", { role: "approver" });
    const [approval = ""] = await pendingOf(eve, thread);
    expect((await ask("GET", `/threads/${thread}`, eve)).status).toBe(404);
    const decided = await ask("POST", `/approvals/${approval}/decision`, eve, { type: "approve" });
    expect(decided.status).toBe(200);
    expect(await decided.json()).toMatchObject({ decided_by: "eve" });
    const runs = await until(
      () => ada.runs.list(thread),
      (all) => all.length === 2 && all.every(({ status }) => status !== "pending" && status !== "running"),
    );
    expect(runs.map(({ status }) => status)).toContain("success");
    const owners = await here.database.database.sql`select distinct owner from runs where thread_id = ${thread}`;
    expect(owners).toMatchObject([{ owner: "ada" }]);
  });

  test("an admin sees and governs everybody's threads, and runs nobody's", async () => {
    const ada = clientOf(await bearer({ sub: "ada" }));
    const thread = await askedThread(ada);
    await ada.store.putItem(["plans"], "k", { note: CANARY });
    const root = await bearer({ sub: "root", roles: ["admin"] });
    expect(await (await ask("GET", `/threads/${thread}/state`, root)).text()).toContain(CANARY);
    expect((await ask("POST", `/threads/${thread}/runs`, root, { assistant_id: "slow", input: {}, multitask_strategy: "enqueue" })).status).toBe(404);
    expect(await (await ask("POST", "/store/items/search", root, { namespace_prefix: [] })).text()).not.toContain(CANARY);
    const keyOfAda = await ask("POST", "/auth/keys", root, { user: "ada" });
    expect(await keyOfAda.json()).toMatchObject({ user: "ada" });
    // a key of an admin is none without the scope
    const plain = { "x-api-key": (await makeKey(root, { scopes: ["read", "write"] })).key };
    expect((await ask("GET", `/threads/${thread}`, plain)).status).toBe(404);
    expect((await ask("DELETE", `/threads/${thread}`, root)).status).toBeLessThan(300);
    expect((await ask("GET", `/threads/${thread}`, await bearer({ sub: "ada" }))).status).toBe(404);
  });
});

describe("a trusted back end", () => {
  test("acts for whom it names, as a user of that name", async () => {
    const service = { "x-service-key": SERVICE_KEY };
    const thread = await askedThread(clientOf({ ...service, "x-on-behalf-of": "ada" }));
    expect((await ask("GET", `/threads/${thread}`, await bearer({ sub: "ada" }))).status).toBe(200);
    expect((await ask("GET", `/threads/${thread}`, { ...service, "x-on-behalf-of": "bob" })).status).toBe(404);
    expect(await (await ask("GET", "/auth/me", { ...service, "x-on-behalf-of": "newcomer" })).json()).toMatchObject({ identity: "newcomer", role: "user" });
    expect(await (await ask("GET", "/auth/me", service)).json()).toMatchObject({ identity: "slipway-service", role: "admin" });
    for (const name of ["local", "slipway-service", "*"]) expect((await ask("GET", "/auth/me", { ...service, "x-on-behalf-of": name })).status, name).toBe(400);
    expect((await ask("GET", "/auth/me", { "x-service-key": `${SERVICE_KEY}x`, "x-on-behalf-of": "ada" })).status).toBe(401);
    const seen = (await clientOf({ ...service, "x-on-behalf-of": "ada" }).runs.wait(null, "whoami", { input: { note: "" } })) as { seen: object };
    expect(JSON.stringify(seen)).not.toContain(SERVICE_KEY);
  });
});

test("who is not let in stands in the log, and what they brought does not", async () => {
  const brought = [{ authorization: "Bearer canary-token" }, { "x-api-key": "slw_canary-key" }, { "x-service-key": "canary-service" }];
  for (const credential of brought) expect((await ask("GET", "/threads/x", credential)).status).toBe(401);
  await until(
    async () => here.server.output(),
    (text) => text.includes("a credential was refused"),
  );
  const events = await here.database.database.sql<{ text: string }[]>`
    select type || data::text as text from events union all select type || data::text from event_intake`;
  const told = events.map(({ text }) => text).join("\n");
  // some may have been moved on already, so their order here means nothing
  for (const way of ["jwt", "api-key", "service"]) expect(told).toMatch(new RegExp(`login\\.failed.*${way}`));
  for (const text of [told, here.server.output()]) expect(text).not.toMatch(/canary-(?:token|key|service)/);
  const refused = await ask("POST", "/auth/keys", {}, {});
  expect([refused.headers.get("www-authenticate"), await refused.json()]).toMatchObject(["Bearer", { code: "unauthorized" }]);
});

test("pages of other origins are strangers, Studio and localhost too", async () => {
  const token = await bearer({ sub: "ada" });
  for (const origin of ["http://localhost:3000", "https://smith.langchain.com"]) expect((await ask("GET", "/auth/me", { ...token, origin })).status).toBe(403);
  expect((await ask("GET", "/auth/me", { ...token, origin: here.server.url })).status).toBe(200);
  expect((await here.http("GET", "/ok")).status).toBe(200);
  expect((await here.http("GET", "/info")).status).toBe(200);
});

describe("the command line", () => {
  test("makes, lists and revokes keys, and changes accounts", async () => {
    const { stdout, stderr } = await slipway("keys", "create", "--user", "fay", "--scopes", "read", "--expires", "2d", "--name", "ci");
    const key = stdout.trim();
    const [, id = ""] = /^(\S+) of fay: read; until /.exec(stderr) ?? [];
    expect(await (await ask("GET", "/auth/me", { "x-api-key": key })).json()).toMatchObject({ identity: "fay", scopes: ["read"] });
    const { stdout: listed } = await slipway("keys", "list", "--user", "fay");
    expect(JSON.parse(listed)).toMatchObject([{ id, user: "fay", name: "ci", hint: key.slice(0, 8) }]);
    expect(listed).not.toContain(key);
    await slipway("keys", "revoke", id);
    expect((await ask("GET", "/auth/me", { "x-api-key": key })).status).toBe(401);
    const wrong = [
      ["--expires", "soon"],
      ["--scopes", "fly"],
      ["--user", "local"],
    ].map((words) => slipway("keys", "create", "--user", "fay", ...words));
    for (const { status } of await Promise.allSettled(wrong)) expect(status).toBe("rejected");
  });
});
