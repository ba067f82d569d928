/** Projects that are shared, and what roles see of everybody's, over a real server. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect } from "vitest";
import { WebSocket } from "ws";
import { createProjects } from "#delivery/projects/projects.ts";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";
import { type OwnedProject, ownedProject, workOn } from "../helpers/owned-project.ts";
import { bearer, JWT_SECRET } from "../helpers/tokens.ts";

const CANARY = "canary-of-the-project";
const here = world({
  environment: () => ({ AUTH: "jwt,api-key", JWT_SECRET, RATE_LIMIT_PER_MINUTE: "0" }),
});

type Credential = Record<string, string>;

async function ask(credential: Credential, method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  const answer = await here.http(method, path, body, { ...credential, "content-type": "application/json" });
  return { status: answer.status, text: await answer.text() };
}

const clientOf = (credential: Credential) =>
  new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: credential, callerOptions: { maxRetries: 0 } });

/** A project of this person with a release, work on it that waits for an answer, and a conversation of theirs. */
async function delivered(credential: Credential, owner: string): Promise<OwnedProject & { work: string; approval: string; chat: string }> {
  const project = await ownedProject(here.database.database.sql, here.server.dataDir, { owner, name: CANARY });
  const client = clientOf(credential);
  const { thread_id: work } = await client.threads.create({ metadata: { note: CANARY } });
  // first, as what happens on it is told with its project; and the question that is asked meanwhile
  await workOn(here.database.database.sql, work, project.id);
  await client.runs.wait(work, "ask", { input: { done: CANARY } });
  await workOn(here.database.database.sql, work, project.id);
  const { thread_id: chat } = await client.threads.create({ metadata: { note: "private-chat" } });
  await client.runs.wait(chat, "ask", { input: { done: "private-chat" } });
  const { items } = JSON.parse((await ask(credential, "GET", `/approvals?thread_id=${work}`)).text) as { items: { id: string }[] };
  return { ...project, work, chat, approval: items[0]?.id ?? "" };
}

const share = (credential: Credential, project: string, user: string, role: string) => ask(credential, "PUT", `/projects/${project}/shares/${user}`, { role });
const unshare = (credential: Credential, project: string, user: string) => ask(credential, "DELETE", `/projects/${project}/shares/${user}`);

describe("a project that is shared", () => {
  verifies("sharing.viewer", async () => {
    const [ada, bob] = [await bearer({ sub: "ada" }), await bearer({ sub: "bob" })];
    const { id, work, chat, approval, release } = await delivered(ada, "ada");
    const seen: Record<string, string> = {
      [`/projects/${id}`]: CANARY,
      "/projects": CANARY,
      [`/projects/${id}/logs`]: CANARY,
      [`/threads/${work}`]: CANARY,
      [`/threads/${work}/state`]: CANARY,
      [`/threads/${work}/history`]: CANARY,
      [`/approvals/${approval}`]: `"thread_id":"${work}"`,
      [`/approvals?project_id=${id}`]: approval,
    };
    for (const [path, canary] of Object.entries(seen)) {
      expect((await ask(ada, "GET", path)).text, path).toContain(canary);
      expect((await ask(bob, "GET", path)).text, path).not.toContain(canary);
    }
    expect((await share(ada, id, "bob", "viewer")).status).toBe(200);
    for (const [path, canary] of Object.entries(seen)) expect((await ask(bob, "GET", path)).text, path).toContain(canary);
    expect(JSON.parse((await ask(bob, "GET", `/projects/${id}`)).text)).toMatchObject({
      role: "viewer",
      owner: "ada",
      service: { releases: [{ id: release }] },
    });
    expect((await ask(bob, "POST", "/threads/search", { ids: [work, chat] })).text).toContain(work);
    expect(JSON.parse((await ask(bob, "GET", `/projects/${id}/shares`)).text)).toMatchObject({ items: [{ user: "bob", role: "viewer", shared_by: "ada" }] });
    const events = (await ask(bob, "GET", "/events?limit=1000")).text;
    for (const told of [work, "project.shared", "approval.required"]) expect(events).toContain(told);

    expect((await ask(bob, "GET", `/threads/${chat}`)).status).toBe(404);
    for (const path of ["/threads/search", "/approvals", "/events?limit=1000"]) {
      const all = await ask(bob, path === "/threads/search" ? "POST" : "GET", path, path === "/threads/search" ? { limit: 1_000 } : undefined);
      expect(all.text, path).not.toContain(chat);
    }
    const refused: [string, string, unknown, number][] = [
      ["POST", `/approvals/${approval}/decision`, { type: "approve" }, 403],
      ["PATCH", `/approvals/${approval}`, { assignee: "bob" }, 403],
      ["POST", `/projects/${id}/rollback`, { reason: "x" }, 403],
      ["POST", `/projects/${id}/undeploy`, {}, 403],
      ["PUT", `/projects/${id}/shares/eve`, { role: "viewer" }, 403],
      ["PUT", `/projects/${id}/shares/bob`, { role: "editor" }, 403],
      ["DELETE", `/threads/${work}`, undefined, 404],
      ["PATCH", `/threads/${work}`, { metadata: { x: 1 } }, 404],
      ["POST", `/threads/${work}/runs`, { assistant_id: "ask", input: {} }, 404],
      ["POST", `/threads/${work}/runs`, { assistant_id: "ask", command: { resume: "x" } }, 404],
    ];
    for (const [method, path, body, status] of refused) expect((await ask(bob, method, path, body)).status, `${method} ${path}`).toBe(status);
    // a copy that bob makes for himself is none of the project's work
    const { thread_id: copy } = JSON.parse((await ask(bob, "POST", `/threads/${work}/copy`)).text) as { thread_id: string };
    expect((await ask(ada, "GET", `/threads/${copy}`)).status).toBe(404);
  });

  verifies("sharing.watching-ends-nothing", async () => {
    const [ada, bob] = [await bearer({ sub: "ada" }), await bearer({ sub: "bob" })];
    const { id } = await delivered(ada, "ada");
    await share(ada, id, "bob", "viewer");
    const client = clientOf(ada);
    const { thread_id: thread } = await client.threads.create();
    await workOn(here.database.database.sql, thread, id);
    const gate = here.gate();
    const { run_id: run } = await client.runs.create(thread, "gate", { input: gate.input });
    const openStreams = async () => Number(/^slipway_event_streams_open (\d+)/m.exec((await ask(ada, "GET", "/metrics")).text)?.[1]);
    const watch = async (credential: Credential) => {
      const stop = new AbortController();
      const path = `/threads/${thread}/runs/${run}/stream?cancel_on_disconnect=true`;
      const answer = await fetch(`${here.server.url}${path}`, { headers: credential, signal: stop.signal });
      expect(answer.status).toBe(200);
      await until(openStreams, (open) => open === 1);
      stop.abort();
      await until(openStreams, (open) => open === 0);
    };
    await watch(bob);
    await watch(await bearer({ sub: "ada", scopes: ["read"] }));
    await gate.open();
    await client.runs.join(thread, run);
    expect((await client.runs.get(thread, run)).status).toBe("success");
    // and whose it is may
    const shut = here.gate();
    const { run_id: next } = await client.runs.create(thread, "gate", { input: shut.input });
    const stop = new AbortController();
    await fetch(`${here.server.url}/threads/${thread}/runs/${next}/stream?cancel_on_disconnect=true`, { headers: ada, signal: stop.signal });
    stop.abort();
    await until(
      () => client.runs.get(thread, next),
      ({ status }) => status === "interrupted",
    );
    await shut.open();
  });

  verifies("sharing.approver", async () => {
    const [ada, bob] = [await bearer({ sub: "ada" }), await bearer({ sub: "bob" })];
    const { id, work, chat, approval } = await delivered(ada, "ada");
    await share(ada, id, "bob", "approver");
    expect((await ask(bob, "PATCH", `/approvals/${approval}`, { assignee: "bob" })).status).toBe(200);
    const decided = await ask(bob, "POST", `/approvals/${approval}/decision`, { type: "approve" });
    expect([decided.status, decided.text]).toEqual([200, expect.stringContaining('"decided_by":"bob"') as string]);
    const runs = await until(
      () => clientOf(ada).runs.list(work),
      (all) => all.length === 2 && all.every(({ status }) => status === "success" || status === "interrupted"),
    );
    expect(runs).toHaveLength(2);
    expect(await here.database.database.sql`select distinct owner, kwargs -> 'user' ->> 'identity' as who from runs where thread_id = ${work}`).toMatchObject([
      { owner: "ada", who: "ada" },
    ]);
    const { items } = JSON.parse((await ask(ada, "GET", `/approvals?thread_id=${chat}`)).text) as { items: { id: string }[] };
    expect((await ask(bob, "POST", `/approvals/${items[0]?.id}/decision`, { type: "approve" })).status).toBe(404);
    expect((await ask(bob, "POST", `/projects/${id}/rollback`, {})).status).toBe(403);
  });

  verifies("sharing.denied-by-rule", async () => {
    const [ada, bob] = [await bearer({ sub: "ada" }), await bearer({ sub: "bob" })];
    const { id, approval } = await delivered(ada, "ada");
    await share(ada, id, "bob", "approver");
    // as it is between the question and the rejection, or after five rejections that could not be carried out
    const ruling = { id: "r", name: "never", effect: "deny", timeout_seconds: null, warn_seconds: 0, escalate_to: null, reminders: 0 };
    await here.database.database.sql`update approvals set policy = ${JSON.stringify(ruling)}::jsonb where id = ${approval}`;
    const refused = await ask(bob, "POST", `/approvals/${approval}/decision`, { type: "approve" });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("never") as string]);
  });

  verifies("sharing.editor", async () => {
    const [ada, ed] = [await bearer({ sub: "ada" }), await bearer({ sub: "ed" })];
    const { id, slug } = await delivered(ada, "ada");
    const { sql } = here.database.database;
    const portOf = (owner: string) => createProjects({ database: here.database.database, run: { owner, threadId: slug, branch: "root" } });
    expect(await portOf("ed").find(slug)).toBeNull();
    await share(ada, id, "ed", "editor");
    expect(await portOf("ed").find(slug)).toMatchObject({ id, owner: "ada" });
    await portOf("ed").saveDelivery({ id, projectId: id, request: "more" });
    // there is nothing earlier to go back to, which only who may go back is told
    expect((await ask(ed, "POST", `/projects/${id}/rollback`, {})).status).toBe(409);
    expect((await ask(ed, "POST", `/projects/${id}/undeploy`, {})).status).toBe(200);
    const gate = here.gate();
    const client = clientOf(ed);
    const { thread_id: theirs } = await client.threads.create();
    await workOn(sql, theirs, id);
    const { run_id: run } = await client.runs.create(theirs, "gate", { input: gate.input });
    expect((await ask(ada, "GET", `/threads/${theirs}`)).status).toBe(200);
    expect((await ask(ada, "POST", `/threads/${theirs}/runs/${run}/cancel?wait=1`)).status).toBeLessThan(300);
    expect((await client.runs.get(theirs, run)).status).toBe("interrupted");

    const { run_id: second } = await client.runs.create(theirs, "gate", { input: gate.input });
    expect((await unshare(ada, id, "ed")).status).toBe(204);
    await until(
      () => client.runs.get(theirs, second),
      ({ status }) => status === "interrupted",
    );
    expect(await portOf("ed").find(slug)).toBeNull();
    await expect(portOf("ed").saveDelivery({ id, projectId: id, rounds: 1 })).rejects.toMatchObject({ code: "not_found" });
    const goesOn = await ask(ed, "POST", `/threads/${theirs}/runs`, { assistant_id: "gate", input: gate.input });
    expect([goesOn.status, goesOn.text]).toEqual([403, expect.stringContaining("not shared") as string]);
    // what was done on the project stays its owner's to see
    expect((await ask(ada, "GET", `/threads/${theirs}`)).status).toBe(200);
    await gate.open();
  });

  verifies("sharing.ended", async () => {
    const [ada, bob, carl] = [await bearer({ sub: "ada" }), await bearer({ sub: "bob" }), await bearer({ sub: "carl" })];
    const { id, work } = await delivered(ada, "ada");
    for (const user of ["bob", "carl"]) await share(ada, id, user, "viewer");
    const follow = async (credential: Credential, path: string) => {
      const answer = await here.http("GET", path, undefined, credential);
      expect(answer.status).toBe(200);
      const reader = answer.body?.getReader();
      return async () => {
        while (!(await reader?.read())?.done);
      };
    };
    const cut = [await follow(bob, `/threads/${work}/stream`), await follow(bob, "/events/stream")];
    const socketOf = async (credential: Credential) => {
      const socket = new WebSocket(`${here.server.url.replace("http", "ws")}/threads/${work}/stream/events`, { headers: credential });
      await once(socket, "open");
      return socket;
    };
    const [bobs, carls] = [await socketOf(bob), await socketOf(carl)];
    const closed = once(bobs, "close");
    expect((await unshare(ada, id, "bob")).status).toBe(204);
    for (const path of [`/projects/${id}`, `/threads/${work}`, `/projects/${id}/shares`]) expect((await ask(bob, "GET", path)).status, path).toBe(404);
    for (const end of cut) await expect(end()).rejects.toThrow();
    await closed;
    expect(carls.readyState).toBe(WebSocket.OPEN);
    // less than before ends them too, more does not
    await share(ada, id, "carl", "editor");
    expect((await ask(carl, "GET", `/threads/${work}`)).status).toBe(200);
    carls.close();
    const again = await socketOf(carl);
    const lowered = once(again, "close");
    await share(ada, id, "carl", "viewer");
    await lowered;
    expect((await unshare(carl, id, "carl")).status).toBe(204);
    expect((await unshare(ada, id, "carl")).status).toBe(404);
  });

  verifies("sharing.audit", async () => {
    const [ada, bob] = [await bearer({ sub: "ada" }), await bearer({ sub: "bob" })];
    const { id } = await delivered(ada, "ada");
    await share(ada, id, "bob", "viewer");
    await share(ada, id, "bob", "approver");
    await unshare(ada, id, "bob");
    const { items } = JSON.parse((await ask(ada, "GET", `/events/audit-log?project_id=${id}&type=project.*&order=asc`)).text) as {
      items: { type: string; actor: string; data: object }[];
    };
    expect(items.map(({ type, actor, data }) => [type, actor, data])).toEqual([
      ["project.shared", "ada", { user: "bob", role: "viewer" }],
      ["project.shared", "ada", { user: "bob", role: "approver" }],
      ["project.unshared", "ada", { user: "bob" }],
    ]);
    expect((await share(ada, id, "ada", "viewer")).status).toBe(400);
    expect((await share(ada, id, "bob", "owner")).status).toBe(400);
    expect((await share(ada, id, "local", "viewer")).status).toBe(400);
    expect((await share(bob, id, "bob", "viewer")).status).toBe(404);
  });

  verifies("sharing.command-line", async () => {
    const [ada, bob] = [await bearer({ sub: "ada" }), await bearer({ sub: "bob" })];
    const { id, slug } = await delivered(ada, "ada");
    const slipway = (...words: string[]) =>
      promisify(execFile)(process.execPath, ["src/cli/slipway.ts", "projects", ...words], {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        env: { PATH: process.env["PATH"], HOME: "/tmp", DATABASE_URL: here.database.url, DATA_DIR: here.server.dataDir },
      });
    expect((await slipway("share", slug, "bob", "viewer")).stdout).toBe(`bob is viewer of ${slug}.\n`);
    expect((await ask(bob, "GET", `/projects/${id}`)).status).toBe(200);
    expect(JSON.parse((await slipway("shares", id)).stdout)).toMatchObject([{ user: "bob", role: "viewer", shared_by: "cli" }]);
    // what only the share allowed ends, also what waits its turn
    await slipway("share", slug, "bob", "editor");
    const gate = here.gate();
    const client = clientOf(bob);
    const { thread_id: theirs } = await client.threads.create();
    await workOn(here.database.database.sql, theirs, id);
    const { run_id: running } = await client.runs.create(theirs, "gate", { input: gate.input });
    const { run_id: waiting } = await client.runs.create(theirs, "gate", { input: gate.input, multitaskStrategy: "enqueue" });
    await slipway("unshare", slug, "bob");
    expect((await ask(bob, "GET", `/projects/${id}`)).status).toBe(404);
    for (const run of [running, waiting])
      await until(
        () => client.runs.get(theirs, run),
        ({ status }) => status === "interrupted",
      );
    await gate.open();
  });
});

describe("projects of everybody", () => {
  verifies("sharing.roles", async () => {
    const [ada, root, eve] = [await bearer({ sub: "ada" }), await bearer({ sub: "root", roles: ["admin"] }), await bearer({ sub: "eve", roles: ["approver"] })];
    const { id, approval, work } = await delivered(ada, "ada");
    expect(JSON.parse((await ask(root, "GET", `/projects/${id}`)).text)).toMatchObject({ id, role: "admin", owner: "ada" });
    expect((await ask(root, "GET", "/projects?owner=ada")).text).toContain(id);
    expect((await ask(root, "GET", `/projects/${id}/logs`)).text).toContain(CANARY);
    expect((await ask(root, "POST", `/projects/${id}/rollback`, {})).status).toBe(409);
    expect((await ask(root, "POST", `/projects/${id}/undeploy`, {})).status).toBe(200);
    const { items } = JSON.parse((await ask(root, "GET", `/events?type=rollback.requested,undeploy.requested&project_id=${id}`)).text) as {
      items: { owner: string; actor: string }[];
    };
    expect(items.map(({ owner, actor }) => [owner, actor])).toEqual([
      ["ada", "root"],
      ["ada", "root"],
    ]);
    // not an administrator without the scope
    expect((await ask(await bearer({ sub: "root", roles: ["admin"], scopes: ["read", "write"] }), "GET", `/projects/${id}`)).status).toBe(404);

    expect(JSON.parse((await ask(eve, "GET", `/projects/${id}`)).text)).toMatchObject({ role: "decides", service: { releases: [{ number: 1 }] } });
    expect((await ask(eve, "GET", "/projects?limit=1000")).text).toContain(id);
    for (const path of [`/projects/${id}/logs`, `/threads/${work}`]) expect((await ask(eve, "GET", path)).status, path).toBe(404);
    expect((await ask(eve, "POST", `/projects/${id}/rollback`, {})).status).toBe(403);
    expect((await share(eve, id, "eve", "editor")).status).toBe(403);
    await ask(root, "PATCH", `/approvals/${approval}`, { assignee: "eve" });
    expect((await ask(eve, "GET", "/approvals?assignee=eve&state=pending")).text).toContain(approval);
    expect((await ask(eve, "POST", `/approvals/${approval}/decision`, { type: "approve" })).status).toBe(200);

    expect((await share(root, id, "dora", "viewer")).status).toBe(200);
    expect((await ask(await bearer({ sub: "dora" }), "GET", `/projects/${id}`)).status).toBe(200);
  });
});
