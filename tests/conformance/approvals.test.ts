import { expect } from "vitest";
import type { Approval } from "#ports/approvals.ts";
import { startServer } from "../helpers/server.ts";
import { verifies } from "./verifies.ts";
import { CONFORMANCE_GRAPHS, until, world } from "./world.ts";

const here = world();

interface Page {
  items: Approval[];
  total: number;
}

async function asking(): Promise<{ threadId: string; approval: Approval }> {
  const { thread_id: threadId } = await here.client.threads.create();
  await here.client.runs.wait(threadId, "deploy", { input: { target: "production" } });
  const [approval] = (await list(`thread_id=${threadId}`)).items;
  if (approval === undefined) throw new Error("no approval");
  return { threadId, approval };
}

// our own routes answer these shapes
const list = async (query: string) => (await (await here.http("GET", `/approvals?${query}`)).json()) as Page;
const get = async (id: string) => (await (await here.http("GET", `/approvals/${id}`)).json()) as Approval;
const decide = (id: string, decision: unknown) => here.http("POST", `/approvals/${id}/decision`, JSON.stringify(decision));

const deployed = (threadId: string) =>
  until(
    () => here.client.threads.getState<{ deployed?: boolean }>(threadId),
    ({ next, values }) => next.length === 0 && values.deployed !== undefined,
  );

verifies("approvals.list", async () => {
  const { threadId, approval } = await asking();
  expect(approval).toMatchObject({
    threadId,
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
  expect(await answer.json()).toMatchObject({ id: approval.id, decidedBy: "local", decidedAt: expect.any(String), decision: { type: "approve" } });
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
