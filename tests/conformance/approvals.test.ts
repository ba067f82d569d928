import { expect } from "vitest";
import type { DryRun, Policy } from "#ports/policies.ts";
import type { ApprovalAnswer, ApprovalChangeAnswer, ApprovalMetricsAnswer } from "#protocol/approvals.ts";
import { startServer } from "../helpers/server.ts";
import { verifies } from "./verifies.ts";
import { CONFORMANCE_GRAPHS, until, world } from "./world.ts";

const here = world();

interface Page {
  items: ApprovalAnswer[];
  total: number;
}

async function asking(): Promise<{ threadId: string; approval: ApprovalAnswer }> {
  const { thread_id: threadId } = await here.client.threads.create();
  await here.client.runs.wait(threadId, "deploy", { input: { target: "production" } });
  const [approval] = (await list(`thread_id=${threadId}`)).items;
  if (approval === undefined) throw new Error("no approval");
  return { threadId, approval };
}

const list = async (query: string) => (await (await here.http("GET", `/approvals?${query}`)).json()) as Page;
const get = async (id: string) => (await (await here.http("GET", `/approvals/${id}`)).json()) as ApprovalAnswer;
const decide = (id: string, decision: unknown) => here.http("POST", `/approvals/${id}/decision`, JSON.stringify(decision));

const deployed = (threadId: string) =>
  until(
    () => here.client.threads.getState<{ deployed?: boolean }>(threadId),
    ({ next, values }) => next.length === 0 && values.deployed !== undefined,
  );

verifies("approvals.list", async () => {
  const { threadId, approval } = await asking();
  expect(approval).toMatchObject({
    thread_id: threadId,
    state: "pending",
    action: "deploy",
    args: { to: "production" },
    description: "Deploy the service?",
    decision: null,
  });
  expect(await get(approval.id)).toEqual(approval);
  const pending = await list("state=pending&limit=100");
  expect(pending.items.map((item) => item.id)).toContain(approval.id);
  expect(pending.total).toBe(pending.items.length);
  expect(await list(`thread_id=${threadId}&state=done`)).toEqual({ items: [], total: 0 });
  expect((await list(`thread_id=${threadId}&kind=plan`)).total).toBe(0);
  expect((await here.http("GET", "/approvals?state=novelty")).status).toBe(400);
});

verifies("approvals.decide", async () => {
  const { threadId, approval } = await asking();
  const answer = await decide(approval.id, { type: "approve" });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ id: approval.id, decided_by: "local", decided_at: expect.any(String), decision: { type: "approve" } });
  expect((await deployed(threadId)).values).toMatchObject({ deployed: true });
  await until(
    () => get(approval.id),
    ({ state }) => state === "done",
  );
});

verifies("approvals.decide-on-thread", async () => {
  const { threadId, approval } = await asking();
  await here.client.runs.wait(threadId, "deploy", { command: { resume: { decisions: [{ type: "reject", message: "not today" }] } } });
  expect((await here.client.threads.getState(threadId)).values).toMatchObject({ deployed: false });
  expect(await get(approval.id)).toMatchObject({ state: "done", decision: { type: "reject", message: "not today" } });
  const late = await decide(approval.id, { type: "approve" });
  expect([late.status, await late.json()]).toMatchObject([409, { code: "already_decided" }]);
});

verifies("approvals.once", async () => {
  const { threadId, approval } = await asking();
  const answers = await Promise.all(Array.from({ length: 50 }, () => decide(approval.id, { type: "approve" })));
  const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as { code?: string; message?: string }[];
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  expect(bodies.filter((body) => body.code === "already_decided")).toHaveLength(49);
  expect(bodies.find((body) => body.code === "already_decided")).toEqual({ code: "already_decided", message: expect.any(String), details: expect.any(Object) });
  expect((await deployed(threadId)).values).toMatchObject({ deployed: true });
  expect(await here.client.runs.list(threadId)).toHaveLength(2);
});

verifies("approvals.unreadable", async () => {
  const { threadId, approval } = await asking();
  for (const decision of [{}, { type: "novelty" }, 7, { type: "edit", args: { to: "moon" } }, [{ type: "approve" }, { type: "approve" }]]) {
    const answer = await decide(approval.id, decision);
    expect([JSON.stringify(decision), answer.status]).toEqual([JSON.stringify(decision), 422]);
    expect(await answer.json()).toMatchObject({ code: "unreadable_answer" });
  }
  expect((await here.http("POST", `/approvals/${approval.id}/decision`)).status).toBe(422);
  expect((await get(approval.id)).state).toBe("pending");
  expect((await decide(approval.id, "yes")).status).toBe(200);
  expect((await deployed(threadId)).next).toEqual([]);
});

verifies("approvals.restart", async () => {
  const first = await startServer({ databaseUrl: here.database.url, langgraphJson: CONFORMANCE_GRAPHS, environment: { CHAT_MODEL_URL: here.model.url } });
  const { thread_id: threadId } = await first.client.threads.create();
  await first.client.runs.wait(threadId, "deploy", { input: {} });
  const before = (await list(`thread_id=${threadId}`)).items;
  await first.stop("SIGKILL");
  await first[Symbol.asyncDispose]();
  await using second = await startServer({
    databaseUrl: here.database.url,
    langgraphJson: CONFORMANCE_GRAPHS,
    environment: { CHAT_MODEL_URL: here.model.url },
  });
  const after = (await (await fetch(`${second.url}/approvals?thread_id=${threadId}&state=pending`)).json()) as Page;
  expect(after.items).toEqual(before);
  const answer = await fetch(`${second.url}/approvals/${after.items[0]?.id}/decision`, { method: "POST", body: '{"type":"approve"}' });
  expect(answer.status).toBe(200);
  expect((await deployed(threadId)).values).toMatchObject({ deployed: true });
});

/** Asks for the approval of a plan, which may be decided in a batch. */
async function planning(risk = "low"): Promise<{ threadId: string; approval: ApprovalAnswer }> {
  const { thread_id: threadId } = await here.client.threads.create();
  await here.client.runs.wait(threadId, "plan", { input: { target: threadId, risk } });
  const [approval] = (await list(`thread_id=${threadId}`)).items;
  if (approval === undefined) throw new Error("no approval");
  return { threadId, approval };
}

const post = (path: string, body: unknown) => here.http("POST", path, JSON.stringify(body));
const historyOf = async (id: string) => (await (await here.http("GET", `/approvals/${id}/history`)).json()) as ApprovalChangeAnswer[];

verifies("approvals.once-over-two-apis", async () => {
  await using other = await startServer({
    databaseUrl: here.database.url,
    langgraphJson: CONFORMANCE_GRAPHS,
    environment: { CHAT_MODEL_URL: here.model.url },
  });
  const { threadId, approval } = await asking();
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const url = index % 2 === 0 ? here.server.url : other.url;
      const [path, body] =
        index % 4 < 2
          ? [`/approvals/${approval.id}/decision`, { type: "approve" }]
          : [`/threads/${threadId}/runs`, { assistant_id: "deploy", command: { resume: { [approval.interrupt_id]: { type: "approve" } } } }];
      const answer = await fetch(`${url}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
      return { status: answer.status, text: await answer.text() };
    }),
  );
  const late = answers.filter(({ status }) => status !== 200);
  expect(late).toHaveLength(49);
  for (const { status, text } of late) expect([status, text]).toEqual([409, expect.stringMatching(/Already decided by local at \d{4}-\d\d-\d\dT/)]);
  expect((await deployed(threadId)).values).toMatchObject({ deployed: true });
  expect(await here.client.runs.list(threadId)).toHaveLength(2);
  expect((await historyOf(approval.id)).filter((change) => change.event === "decided")).toHaveLength(1);
});

verifies("approvals.filters", async () => {
  const [one, two, three] = [await planning("low"), await planning("high"), await planning("low")];
  const mine = new Set([one, two, three].map(({ approval }) => approval.id));
  const found = async (query: string) => (await list(`${query}&limit=1000`)).items.map(({ id }) => id).filter((id) => mine.has(id));
  expect(await found("risk=low&kind=plan")).toEqual([three.approval.id, one.approval.id]);
  expect(await found("risk=high")).toEqual([two.approval.id]);
  expect(await found("agent=plan")).toHaveLength(3);
  expect(await found("agent=deploy")).toEqual([]);
  const project = String((one.approval.payload as { x: { project_id: string } }).x.project_id);
  expect(await found(`project_id=${project}`)).toEqual([one.approval.id]);
  await here.http("PATCH", `/approvals/${two.approval.id}`, JSON.stringify({ assignee: "grace" }));
  expect(await found("assignee=grace")).toEqual([two.approval.id]);
  expect(await found("assignee=nobody")).toEqual([]);

  const { total } = await list("kind=plan");
  const paged: string[] = [];
  for (let offset: string | null = "0"; offset !== null;) {
    const answer = await here.http("GET", `/approvals?kind=plan&limit=2&offset=${offset}`);
    expect(answer.headers.get("x-pagination-total")).toBe(String(total));
    paged.push(...((await answer.json()) as Page).items.map(({ id }) => id));
    offset = answer.headers.get("x-pagination-next");
  }
  expect(new Set(paged).size).toBe(total);
  expect(paged).toEqual((await list("kind=plan&limit=1000")).items.map(({ id }) => id));
  for (const query of ["risk=novelty", "project_id=x", "limit=0"]) expect((await here.http("GET", `/approvals?${query}`)).status).toBe(400);
});

verifies("approvals.batch", async () => {
  const plans = [await planning(), await planning("medium"), await planning()];
  const ids = plans.map(({ approval }) => approval.id);
  const [first = "", ...rest] = ids;
  await decide(first, { type: "reject", message: "no" });
  const missing = "00000000-0000-4000-8000-000000000000";
  const answer = await post("/approvals/decisions", { approval_ids: [...ids, missing], decision: { type: "approve" } });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    results: [
      { id: first, ok: false, error: { code: "already_decided", message: expect.any(String), details: expect.objectContaining({ decided_by: "local" }) } },
      ...rest.map((id) => ({
        id,
        ok: true,
        approval: expect.objectContaining({ id, decided_by: "local", decision: expect.objectContaining({ type: "approve" }) }),
      })),
      { id: missing, ok: false, error: { code: "not_found", message: expect.any(String), details: {} } },
    ],
  });
  for (const { threadId } of plans)
    await until(
      () => here.client.threads.getState(threadId),
      ({ next }) => next.length === 0,
    );

  const [low, high, deploy] = [await planning(), await planning("high"), await asking()];
  const other = await planning();
  for (const wrong of [[low, high], [deploy], [low, deploy]]) {
    const refused = await post("/approvals/decisions", { approval_ids: wrong.map(({ approval }) => approval.id), decision: { type: "approve" } });
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: "invalid_request" }]);
  }
  const twice = await post("/approvals/decisions", { approval_ids: [low.approval.id, low.approval.id], decision: true });
  expect(twice.status).toBe(400);
  const unreadable = await post("/approvals/decisions", { approval_ids: [low.approval.id, other.approval.id], decision: { type: "novelty" } });
  expect(await unreadable.json()).toMatchObject({ results: [{ ok: false, error: { code: "unreadable_answer" } }, { ok: false }] });
  for (const { approval } of [low, high, deploy, other]) expect((await get(approval.id)).state).toBe("pending");
});

verifies("approvals.history", async () => {
  const { threadId, approval } = await planning();
  await here.http("PATCH", `/approvals/${approval.id}`, JSON.stringify({ assignee: "grace" }));
  await here.http("PATCH", `/approvals/${approval.id}`, JSON.stringify({ assignee: "grace" }));
  await here.http("PATCH", `/approvals/${approval.id}`, JSON.stringify({ assignee: null }));
  await here.client.runs.wait(threadId, "plan", { command: { resume: { decisions: [{ type: "reject", message: "not today" }] } } });
  const history = await historyOf(approval.id);
  expect(history).toMatchObject([
    { event: "asked", from: null, to: "pending", by: null, run_id: approval.run_id },
    { event: "assigned", by: "local", via: "api", note: "to grace" },
    { event: "assigned", by: "local", via: "api", note: "to nobody" },
    { event: "decided", from: "pending", to: "resuming", by: "local", via: "resume", decision: { type: "reject", message: "not today" } },
    { event: "done", from: "resuming", to: "done", by: null },
  ]);
  const times = history.map(({ at }) => Date.parse(at));
  expect(times).toEqual(times.toSorted((one, two) => one - two));
  const page = await here.http("GET", `/approvals/${approval.id}/history?limit=2&offset=1`);
  expect([page.headers.get("x-pagination-total"), page.headers.get("x-pagination-next"), await page.json()]).toEqual(["5", "3", history.slice(1, 3)]);
  const replaced = await planning();
  await here.client.runs.wait(replaced.threadId, "plan", { input: { target: "anew" } });
  expect((await historyOf(replaced.approval.id)).map(({ event }) => event)).toContain("superseded");
  expect((await here.http("GET", "/approvals/00000000-0000-4000-8000-000000000000/history")).status).toBe(404);
});

verifies("approvals.metrics", async () => {
  const metrics = async () => (await (await here.http("GET", "/approvals/metrics?days=1")).json()) as ApprovalMetricsAnswer;
  const before = (await metrics()).by_kind.plan;
  const [approved, rejected] = [await planning(), await planning()];
  await decide(approved.approval.id, { type: "approve" });
  await decide(rejected.approval.id, { type: "reject" });
  const { total, by_kind: kinds } = await metrics();
  const { plan } = kinds;
  expect([plan?.asked, plan?.approved, plan?.rejected]).toEqual([(before?.asked ?? 0) + 2, (before?.approved ?? 0) + 1, (before?.rejected ?? 0) + 1]);
  expect(plan?.approval_rate).toBeCloseTo((plan?.approved ?? 0) / ((plan?.approved ?? 0) + (plan?.rejected ?? 0)), 10);
  expect(plan?.timeout_rate).toBe(0);
  const { p50 = -1, p90 = -1, p99 = -1 } = plan?.response_seconds ?? {};
  expect(p50).toBeGreaterThan(0);
  expect(p90).toBeGreaterThanOrEqual(p50);
  expect(p99).toBeGreaterThanOrEqual(p90);
  expect(total.asked).toBe(Object.values(kinds).reduce((sum, { asked }) => sum + asked, 0));
  for (const days of ["0", "367", "x"]) expect((await here.http("GET", `/approvals/metrics?days=${days}`)).status).toBe(400);
});

verifies("policies.crud", async () => {
  const rule = { name: "sandbox", pattern: "tool:execute_command:npm *", effect: "allow", timeout_seconds: 60 };
  const made = (await (await post("/policies", rule)).json()) as Policy;
  expect(made).toMatchObject({
    name: "sandbox",
    enabled: true,
    builtin: false,
    created_by: "local",
    rule: { pattern: rule.pattern, effect: "allow", authority: "owner" },
  });
  expect(await (await here.http("GET", `/policies/${made.id}`)).json()).toEqual(made);
  const all = (await (await here.http("GET", "/policies?limit=100")).json()) as Policy[];
  expect(all.findIndex(({ id }) => id === made.id)).toBeLessThan(all.findIndex(({ builtin }) => builtin));
  expect(all.filter(({ builtin }) => builtin).map(({ rule: one }) => one.effect)).not.toContain("allow");
  const replaced = await here.http("PUT", `/policies/${made.id}`, JSON.stringify({ ...rule, effect: "deny", enabled: false }));
  expect(await replaced.json()).toMatchObject({ id: made.id, enabled: false, position: made.position, rule: { effect: "deny" } });
  expect((await here.http("DELETE", `/policies/${made.id}`)).status).toBe(204);
  for (const method of ["GET", "DELETE"]) expect((await here.http(method, `/policies/${made.id}`)).status).toBe(404);
  for (const wrong of [{ ...rule, patern: "x" }, { ...rule, effect: "approve" }, { ...rule, on_expire: "approve" }, { name: "x" }, []])
    expect((await post("/policies", wrong)).status).toBe(400);
});

verifies("policies.allow", async () => {
  const made = (await (await post("/policies", { name: "small plans", pattern: "plan:approve_plan:auto*", effect: "allow" })).json()) as Policy;
  const { thread_id: threadId } = await here.client.threads.create();
  await here.client.runs.wait(threadId, "plan", { input: { target: "auto-1", risk: "low" } });
  const { values } = await until(
    () => here.client.threads.getState<{ answer?: { type: string; decided_by: string } }>(threadId),
    ({ next, values: now }) => next.length === 0 && now.answer !== undefined,
  );
  expect(values.answer).toMatchObject({ type: "approve", decided_by: "policy:small plans" });
  const [approval] = (await list(`thread_id=${threadId}`)).items;
  expect(approval).toMatchObject({ decided_via: "policy", policy: { id: made.id, name: "small plans", effect: "allow" } });
  await here.http("DELETE", `/policies/${made.id}`);
  const { approval: asked } = await planning();
  expect((await get(asked.id)).state).toBe("pending");
});

verifies("policies.dry-run", async () => {
  const { approval } = await planning();
  const draft = { policies: [{ name: "draft", pattern: "plan", effect: "deny" }], limit: 1_000 };
  const result = (await (await post("/policies/dry-run", draft)).json()) as DryRun;
  expect(result.items.find((item) => item.approval_id === approval.id)).toMatchObject({ happened: "pending", would: { name: "draft", effect: "deny" } });
  expect(result.by_effect.deny).toBeGreaterThan(0);
  expect((await get(approval.id)).state).toBe("pending");
  expect((await post("/policies/dry-run", { days: 31 })).status).toBe(400);
});
