import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "#db/client.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import type { Runtime } from "#runtime/create-runtime.ts";
import { testDatabase } from "../../helpers/database.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";

let database: Database;
let runtime: Runtime;
const never = new AbortController().signal;

beforeAll(async () => {
  ({ database } = await testDatabase());
  runtime = await testRuntime(database);
  await runtime.start();
});

afterAll(() => runtime[Symbol.asyncDispose]());

async function run(thread: string, input: Omit<RunCreate, "assistant_id"> & { assistant_id?: string }, on = runtime): Promise<unknown> {
  const made = await on.services.runs.create(LOCAL, thread, { assistant_id: "asker", ...input }, NO_HEADERS);
  return on.services.runs.join(LOCAL, thread, made.run_id, { cancelOnDisconnect: false, signal: never });
}

async function asked(input: Omit<RunCreate, "assistant_id"> & { assistant_id?: string } = { input: { topic: "cats" } }, on = runtime): Promise<string> {
  const { thread_id } = await on.services.threads.create(LOCAL, {});
  await run(thread_id, input, on);
  return thread_id;
}

const pendingOf = async (thread: string, on = runtime) =>
  (await on.services.approvals.list(LOCAL, { thread_id: thread, state: "pending", limit: 10, offset: 0 })).items;

describe("a question of an older checkpoint", () => {
  test("takes the answer that is given there now, not the one it got before", async () => {
    const thread = await asked();
    const { checkpoint } = await runtime.services.threads.state(LOCAL, thread, { subgraphs: false });
    await run(thread, { command: { resume: { type: "approve" } } });
    const again = await run(thread, { command: { resume: { type: "reject" } }, checkpoint: { checkpoint_id: checkpoint?.checkpoint_id ?? null } });
    expect(again).toMatchObject({ done: ["prepare", 'act:{"type":"reject"}'] });
  });
});

describe("a question", () => {
  test("stands in the thread, its state, and the inbox; a bare answer goes to it untouched", async () => {
    const thread = await asked();
    const row = await runtime.services.threads.get(LOCAL, thread);
    expect(row.status).toBe("interrupted");
    const [interrupt] = Object.values(row.interrupts).flat();
    expect(interrupt?.value).toEqual({ question: "go on with cats?" });
    const state = await runtime.services.threads.state(LOCAL, thread, { subgraphs: false });
    expect(state).toMatchObject({ next: ["ask"], tasks: [{ name: "ask", interrupts: [{ id: interrupt?.id }] }] });
    const [approval] = await pendingOf(thread);
    expect(approval).toMatchObject({ kind: "question", interruptId: interrupt?.id, threadId: thread, state: "pending" });

    expect(await run(thread, { command: { resume: { free: "form" } } })).toMatchObject({ done: ["prepare", 'act:{"free":"form"}'] });
    expect(await runtime.services.threads.get(LOCAL, thread)).toMatchObject({ status: "idle", interrupts: {} });
    expect(await runtime.services.approvals.get(LOCAL, approval?.id ?? "")).toMatchObject({ state: "done", decidedBy: "local" });
  });

  test("false, 0 and the empty text are answers", async () => {
    for (const resume of [false, 0, "", null]) {
      const thread = await asked();
      expect(await run(thread, { command: { resume } })).toMatchObject({ done: ["prepare", `act:${JSON.stringify(resume)}`] });
    }
  });

  test("that nobody asked cannot be answered", async () => {
    const { thread_id } = await runtime.services.threads.create(LOCAL, {});
    await expect(run(thread_id, { command: { resume: 1 } })).rejects.toMatchObject({ code: "nothing_to_resume" });
    const thread = await asked();
    await expect(run(thread, { command: { resume: { ["0".repeat(32)]: 1 } } })).rejects.toMatchObject({ code: "not_found" });
    await run(thread, { command: { resume: 1 } });
    await expect(run(thread, { command: { resume: 1 } })).rejects.toMatchObject({ code: "nothing_to_resume", details: { last: { decided_by: "local" } } });
  });

  test("is decided by exactly one of fifty", async () => {
    const thread = await asked();
    const results = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => run(thread, { command: { resume: { answer: index } } })));
    const won = results.filter((result) => result.status === "fulfilled");
    expect(won).toHaveLength(1);
    const codes = results.filter((result) => result.status === "rejected").map((result) => (result.reason as { code: string }).code);
    expect(codes.filter((code) => code !== "already_decided" && code !== "nothing_to_resume")).toEqual([]);
    const { values } = await runtime.services.threads.state(LOCAL, thread, { subgraphs: false });
    expect((values as { done: string[] }).done).toHaveLength(2);
  });

  test("goes when the conversation goes on, and says so to a late answer", async () => {
    const thread = await asked();
    const [approval] = await pendingOf(thread);
    await run(thread, { input: { topic: "dogs" } });
    expect(await runtime.services.approvals.get(LOCAL, approval?.id ?? "")).toMatchObject({ state: "superseded" });
    const again = await pendingOf(thread);
    expect(again).toHaveLength(1);
    await expect(run(thread, { command: { resume: { [approval?.interruptId ?? ""]: "late" } } })).rejects.toMatchObject({ code: "conflict" });
  });

  test("waits over a restart and is answered by the inbox", async () => {
    const first = await testRuntime(database);
    await first.start();
    const thread = await asked(undefined, first);
    const [approval] = await pendingOf(thread, first);
    await first[Symbol.asyncDispose]();
    await runtime.services.approvals.decide(LOCAL, approval?.id ?? "", { type: "approve", message: null, args: null });
    const row = await eventually(
      () => runtime.services.threads.get(LOCAL, thread),
      (one) => one.status === "idle",
    );
    expect(row.values).toMatchObject({ done: ["prepare", expect.stringContaining("approve")] as unknown });
    await expect(runtime.services.approvals.decide(LOCAL, approval?.id ?? "", true)).rejects.toMatchObject({
      code: "already_decided",
      details: { decided_by: "local" },
    });
  });
});

describe("several questions at once", () => {
  test("refuse a bare answer and are answered one by one, over a restart", async () => {
    const first = await testRuntime(database);
    await first.start();
    const thread = await asked({ assistant_id: "parallel", input: { answers: {} } }, first);
    const waiting = await pendingOf(thread, first);
    expect(waiting).toHaveLength(3);
    await expect(run(thread, { assistant_id: "parallel", command: { resume: "yes" } }, first)).rejects.toMatchObject({ code: "resume_ambiguous" });
    const ids = new Map(waiting.map((one) => [(one.payload as { question: string }).question, one.interruptId]));
    await run(thread, { assistant_id: "parallel", command: { resume: { [ids.get("b") ?? ""]: "B" } } }, first);
    expect(await pendingOf(thread, first)).toHaveLength(2);
    // what was asked before and still is keeps its row
    expect((await pendingOf(thread, first)).every((one) => waiting.some((before) => before.id === one.id))).toBe(true);
    await first[Symbol.asyncDispose]();
    await run(thread, { assistant_id: "parallel", command: { resume: { [ids.get("a") ?? ""]: "A" } } });
    const values = await run(thread, { assistant_id: "parallel", command: { resume: { [ids.get("c") ?? ""]: "C" } } });
    expect(values).toMatchObject({ answers: { a: "A", b: "B", c: "C", sum: 3 } });
    expect(await pendingOf(thread)).toEqual([]);
  });

  test("may be answered together", async () => {
    const thread = await asked({ assistant_id: "parallel", input: { answers: {} } });
    const resume = Object.fromEntries((await pendingOf(thread)).map((one) => [one.interruptId, (one.payload as { question: string }).question.toUpperCase()]));
    expect(await run(thread, { assistant_id: "parallel", command: { resume } })).toMatchObject({ answers: { a: "A", b: "B", c: "C" } });
  });
});

describe("a functional entrypoint", () => {
  test("pauses and goes on with the answer", async () => {
    const thread = await asked({ assistant_id: "functional", input: "rain" });
    expect(await run(thread, { assistant_id: "functional", command: { resume: "fine" } })).toEqual({ text: "draft about rain", verdict: "fine" });
  });
});
