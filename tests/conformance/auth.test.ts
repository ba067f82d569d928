import { randomUUID } from "node:crypto";
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect } from "vitest";
import { readConfig } from "#config";
import { readLanggraphProject } from "#runtime/langgraph-project.ts";
import { loadAuth } from "#runtime/load-auth.ts";
import { refuseOpenNetwork } from "#start/refuse-open-network.ts";
import { testDatabase } from "../helpers/database.ts";
import { startServer } from "../helpers/server.ts";
import { verifies } from "./verifies.ts";
import { collect, fixture, world, type World } from "./world.ts";

const project = (name: string) => fixture(`projects/custom-auth/${name}.json`);

function as(here: World, token: string, headers: Record<string, string> = {}): Client {
  return new Client({
    apiUrl: here.server.url,
    apiKey: null,
    defaultHeaders: { authorization: `Bearer ${token}`, ...headers },
    callerOptions: { maxRetries: 0 },
  });
}

/** What the SDK throws for a refusal. */
function refused(status: number) {
  return expect.objectContaining({ status }) as Error;
}

interface Seen {
  seen: { user: Record<string, unknown>; id: string; permissions: string[]; user_id: string; credentials: string[]; stamped: string | null };
}

describe("who asks, and what they may", () => {
  const here = world({ langgraphJson: project("langgraph") });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  verifies("auth.open-routes", async () => {
    expect((await here.http("GET", "/ok")).status).toBe(200);
    expect((await here.http("GET", "/info")).status).toBe(200);
    for (const path of ["/", "/threads", "/nothing", "/docs", "/metrics", "/ui/../threads", "/ui/%2e%2e/threads", "//info", "/info/"]) {
      expect([path, (await here.http("POST", path, {})).status]).toEqual([path, 401]);
    }
  });

  verifies("auth.refusal", async () => {
    const without = await here.http("POST", "/threads", "not even JSON");
    expect([without.status, await without.text()]).toEqual([401, "Bring a token"]);
    expect(without.headers.get("www-authenticate")).toBe('Bearer realm="tests"');
    expect(without.headers.get("x-error-code")).toBe("unauthorized");
    const teapot = await here.http("POST", "/threads", {}, bearer("teapot"));
    expect([teapot.status, await teapot.text(), teapot.headers.get("x-reason")]).toEqual([418, "I am a teapot", "tea"]);
    await expect(as(here, "stranger").threads.create()).rejects.toMatchObject({ message: "HTTP 401: Unknown token" });
  });

  verifies("auth.broken-authenticate", async () => {
    for (const token of ["buggy", "nameless", "named:", "named:*", "named:local", "named:everybody", "named:a\u0001b"]) {
      const answer = await here.http("POST", "/threads", {}, bearer(token.replace("\u0001", "%01"))).catch(() => null);
      if (answer === null || token.includes("\u0001")) continue;
      const text = await answer.text();
      expect([token, answer.status]).toEqual([token, 500]);
      expect(text).not.toContain("secret");
    }
    expect((await here.http("POST", "/threads", {}, bearer("anonymous"))).status).toBe(401);
  });

  verifies("auth.studio", async () => {
    const claim = { "x-auth-scheme": "langsmith" };
    expect((await here.http("POST", "/threads/search", {}, claim)).status).toBe(401);
    expect((await here.http("POST", "/threads/search", {}, { ...claim, origin: "https://smith.langchain.com" })).status).toBe(200);
    expect((await here.http("POST", "/threads/search", {}, { ...claim, origin: "http://localhost:3000" })).status).toBe(200);
    for (const spoilt of [
      { origin: "http://shop.localhost:3000" },
      { origin: "http://evil.example" },
      { origin: "https://smith.langchain.com", "x-forwarded-for": "127.0.0.1" },
    ]) {
      expect([401, 403]).toContain((await here.http("POST", "/threads/search", {}, { ...claim, ...spoilt })).status);
    }
    const preflight = await here.http("OPTIONS", "/threads", undefined, {
      origin: "https://smith.langchain.com",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    });
    expect(preflight.status).toBe(204);
  });

  verifies("auth.run-user", async () => {
    const spoofed = { configurable: { langgraph_auth_user: { identity: "root" }, langgraph_auth_user_id: "root", langgraph_auth_permissions: ["all"] } };
    const client = as(here, "ada", { "x-api-key": "canary", "x-colour": "red" });
    const { thread_id } = await client.threads.create();
    const { seen } = (await client.runs.wait(thread_id, "whoami", { input: { note: "" }, config: spoofed })) as unknown as Seen;
    expect(seen).toMatchObject({ id: "ada", user_id: "ada", permissions: ["read", "write"], credentials: [] });
    expect(seen.user).toEqual({ identity: "ada", display_name: "ADA", is_authenticated: true, permissions: ["read", "write"], team: "red" });
    expect(seen.stamped).toBe("ada");
    const [run] = await client.runs.list(thread_id);
    expect(JSON.stringify(run)).not.toContain("canary");
    expect(JSON.stringify(run)).not.toContain("display_name");
  });

  verifies("auth.filter", async () => {
    const [ada, bob, reader] = [as(here, "ada"), as(here, "bob"), as(here, "reader")];
    const { thread_id: id, metadata } = await ada.threads.create({ metadata: { colour: "green", members: ["reader"], creator: "bob" } });
    expect(metadata).toMatchObject({ creator: "ada", members: ["ada", "reader"], colour: "green" });
    const { run_id } = await ada.runs.create(id, "slow", { input: {} });
    await ada.runs.join(id, run_id);

    // shared: the filter alone decides
    expect((await reader.threads.get(id)).thread_id).toBe(id);
    expect((await reader.runs.list(id)).map((run) => run.run_id)).toEqual([run_id]);
    expect((await reader.threads.search({ metadata: { colour: "green" } })).map((thread) => thread.thread_id)).toEqual([id]);
    await expect(reader.runs.create(id, "slow", { input: {} })).rejects.toMatchObject({ message: "HTTP 403: You may only read" });
    await expect(reader.threads.create()).rejects.toMatchObject({ message: "HTTP 403: Not authorized" });

    // everybody else: nothing is there
    expect(await bob.threads.search()).toEqual([]);
    expect(await bob.threads.count()).toBe(0);
    for (const attempt of [
      () => bob.threads.get(id),
      () => bob.threads.getState(id),
      () => bob.threads.getHistory(id),
      () => bob.threads.update(id, { metadata: { members: ["bob"] } }),
      () => bob.threads.updateState(id, { values: {}, asNode: "ask" }),
      () => bob.threads.delete(id),
      () => bob.runs.list(id),
      () => bob.runs.get(id, run_id),
      () => bob.runs.join(id, run_id),
      () => bob.runs.cancel(id, run_id),
      () => bob.runs.delete(id, run_id),
      () => bob.runs.create(id, "slow", { input: {} }),
      () => bob.runs.create(id, "slow", { input: {}, ifNotExists: "create" }),
      () => bob.runs.wait(id, "slow", { command: { resume: "mine" } }),
    ]) {
      await expect(attempt()).rejects.toEqual(refused(404));
    }
    await expect(bob.threads.copy(id)).rejects.toEqual(refused(409));
    await expect(bob.threads.create({ threadId: id })).rejects.toEqual(refused(409));
    await expect(bob.threads.create({ threadId: id, ifExists: "do_nothing" })).rejects.toEqual(refused(409));
    expect(await collect(bob.runs.joinStream(id, run_id))).toMatchObject([{ event: "error", data: { message: "404: Thread not found" } }]);
    expect((await ada.threads.getState(id)).next).toEqual(["ask"]);

    // a copy belongs to who made it
    await ada.threads.update(id, { metadata: { members: ["ada", "reader", "carol"] } });
    const copy = await as(here, "carol").threads.copy(id);
    expect(copy.metadata).toMatchObject({ creator: "carol" });
  });

  verifies("auth.new-thread", async () => {
    const ada = as(here, "ada");
    const guessed = randomUUID();
    await ada.runs.wait(guessed, "whoami", { input: {}, ifNotExists: "create" });
    expect((await ada.threads.get(guessed)).metadata).toMatchObject({ members: ["ada"] });
    await expect(as(here, "bob").threads.get(guessed)).rejects.toEqual(refused(404));
    const events = await collect(ada.runs.stream(null, "whoami", { input: {} }));
    expect(events.map((event) => event.event)).toContain("values");
  });

  verifies("auth.assistants", async () => {
    const [ada, bob] = [as(here, "ada"), as(here, "bob")];
    const made = await ada.assistants.create({ graphId: "whoami", name: "mine" });
    expect(made.metadata).toMatchObject({ creator: "ada" });
    // no rule reads or searches assistants, so the owner rule stays
    expect((await bob.assistants.search({ name: "mine" })).length).toBe(0);
    await expect(bob.assistants.get(made.assistant_id)).rejects.toEqual(refused(404));
    await expect(bob.assistants.getSchemas(made.assistant_id)).rejects.toEqual(refused(404));
    await expect(bob.runs.wait(null, made.assistant_id, { input: {} })).rejects.toEqual(refused(404));
    expect((await bob.assistants.search({ graphId: "whoami" })).map((one) => one.name)).toEqual(["whoami"]);
    const { thread_id } = await ada.threads.create();
    await ada.runs.wait(thread_id, made.assistant_id, { input: {} });
    await expect(ada.assistants.delete(made.assistant_id, { deleteThreads: true })).rejects.toEqual(refused(403));
    expect((await ada.threads.get(thread_id)).thread_id).toBe(thread_id);
  });

  verifies("auth.store", async () => {
    const [ada, bob, carol] = [as(here, "ada"), as(here, "bob"), as(here, "carol")];
    await ada.store.putItem(["plans"], "k", { text: "canary" });
    expect((await ada.store.getItem(["plans"], "k"))?.namespace).toEqual(["ada", "plans"]);
    expect(await bob.store.getItem(["plans"], "k")).toBeNull();
    expect((await bob.store.searchItems([])).items).toEqual([]);
    expect((await ada.store.listNamespaces({})).namespaces).toEqual([["ada", "plans"]]);
    expect((await bob.store.listNamespaces({})).namespaces).toEqual([]);

    await ada.store.putItem(["teams", "a"], "goal", { team: "red", text: "win" });
    expect((await carol.store.getItem(["teams", "a"], "goal"))?.value).toEqual({ team: "red", text: "win" });
    await carol.store.putItem(["teams", "a"], "goal", { team: "red", text: "win twice" });
    await expect(bob.store.getItem(["teams", "a"], "goal")).rejects.toEqual(refused(404));
    await expect(bob.store.putItem(["teams", "a"], "goal", { team: "blue" })).rejects.toEqual(refused(404));
    await expect(bob.store.deleteItem(["teams", "a"], "goal")).rejects.toEqual(refused(404));
    await expect(bob.store.putItem(["teams", "a"], "new", { team: "red" })).rejects.toMatchObject({ message: "HTTP 403: Not authorized" });
    await bob.store.putItem(["teams", "b"], "goal", { team: "blue" });
    expect((await bob.store.searchItems(["teams"])).items.map((item) => item.namespace)).toEqual([["teams", "b"]]);
    expect((await ada.store.searchItems(["teams"], { filter: { text: "win twice" } })).items.length).toBe(1);
    expect((await bob.store.listNamespaces({ prefix: ["teams"] })).namespaces).toEqual([["teams", "b"]]);

    // every use of the store has a rule: graphs and requests share one
    const { thread_id } = await ada.threads.create();
    await ada.runs.wait(thread_id, "whoami", { input: { note: "from a node" } });
    expect((await ada.store.getItem(["notes"], "last"))?.value).toEqual({ note: "from a node" });
  });

  verifies("auth.crons", async () => {
    const [ada, bob, reader] = [as(here, "ada"), as(here, "bob"), as(here, "reader")];
    await expect(reader.crons.create("whoami", { schedule: "0 0 1 1 *", input: {} })).rejects.toEqual(refused(403));
    const cron = await ada.crons.create("whoami", { schedule: "0 0 1 1 *", input: {} });
    expect((await ada.crons.search()).map((one) => one.cron_id)).toEqual([cron.cron_id]);
    expect(await bob.crons.search()).toEqual([]);
    await expect(bob.crons.delete(cron.cron_id)).rejects.toEqual(refused(404));
    const { thread_id } = await ada.threads.create();
    await expect(bob.crons.createForThread(thread_id, "whoami", { schedule: "0 0 1 1 *", input: {} })).rejects.toEqual(refused(404));
    await ada.crons.delete(cron.cron_id);
  });
});

describe("without rules", () => {
  const here = world({ langgraphJson: project("identity-only") });

  verifies("auth.owner-rule", async () => {
    const [ada, bob] = [as(here, "ada"), as(here, "bob")];
    const { thread_id } = await ada.threads.create({ metadata: { owner: "bob" } });
    const { run_id } = await ada.runs.create(thread_id, "slow", { input: {} });
    await ada.runs.join(thread_id, run_id);
    await expect(bob.threads.get(thread_id)).rejects.toEqual(refused(404));
    await expect(bob.runs.get(thread_id, run_id)).rejects.toEqual(refused(404));
    expect(await bob.threads.search({ ids: [thread_id] })).toEqual([]);
    await ada.store.putItem(["plans"], "k", { text: "canary" });
    expect(await bob.store.getItem(["plans"], "k")).toBeNull();
    expect((await bob.store.searchItems([])).items).toEqual([]);
    // a name that could be read as a pattern or a place
    for (const name of ["named:ad", "named:ada.", "named:%", "named:ada:plans"]) expect((await as(here, name).store.listNamespaces({})).namespaces).toEqual([]);
    const { seen } = (await bob.runs.wait(null, "whoami", { input: { note: "mine" } })) as unknown as Seen;
    expect(seen.id).toBe("bob");
    expect((await bob.store.getItem(["bob", "notes"], "last"))?.value).toEqual({ note: "mine" });
    expect(await ada.store.getItem(["bob", "notes"], "last")).toBeNull();
  });

  verifies("auth.studio-disabled", async () => {
    const studio = { "x-auth-scheme": "langsmith", origin: "https://smith.langchain.com" };
    expect((await here.http("POST", "/threads/search", {}, studio)).status).toBe(401);
  });
});

verifies("auth.must-load", async () => {
  const database = await testDatabase();
  await expect(startServer({ databaseUrl: database.url, langgraphJson: project("broken") })).rejects.toThrow(/did not load.*this auth does not load/);
  for (const [name, why] of [
    ["no-file", /there is no file/],
    ["no-auth-object", /is no "new Auth\(\)"/],
    ["no-authenticate", /has no authenticate\(\)/],
    ["no-path", /names no path/],
  ] as const) {
    const read = await readLanggraphProject({ configPath: project(name), environment: {} });
    await expect(loadAuth(read)).rejects.toMatchObject({ code: "invalid_config", message: expect.stringMatching(why) as string });
  }
});

verifies("auth.network", async () => {
  const database = await testDatabase();
  const environment = { HOST: "0.0.0.0", AUTH: "none" };
  const open = await readLanggraphProject({ configPath: fixture("projects/javascript/langgraph.json"), environment: {} });
  expect(() => refuseOpenNetwork(readConfig(environment), open)).toThrow(/nothing says who may/);
  await using server = await startServer({ databaseUrl: database.url, langgraphJson: project("langgraph"), environment });
  const port = new URL(server.url).port;
  const ask = (headers: Record<string, string>) => fetch(`http://127.0.0.1:${port}/threads/search`, { method: "POST", body: "{}", headers });
  expect((await ask({})).status).toBe(401);
  expect((await ask({ authorization: "Bearer ada" })).status).toBe(200);
  expect((await ask({ authorization: "Bearer ada", origin: "http://localhost:3000" })).status).toBe(403);
});
