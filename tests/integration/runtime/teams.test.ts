import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "#db/client.ts";
import { EventLog } from "#governance/events/event-log.ts";
import { makeEventsService } from "#governance/events/events-service.ts";
import type { Approval } from "#ports/approvals.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import type { Runtime } from "#runtime/create-runtime.ts";
import { testDatabase } from "../../helpers/database.ts";
import { silent } from "../../helpers/http-app.ts";
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

interface Heard {
  heard: Record<string, { status?: string; result?: unknown } & string>[];
}

async function say(thread: string, input: Omit<RunCreate, "assistant_id">): Promise<Heard> {
  const run = await runtime.services.runs.create(LOCAL, thread, { assistant_id: "parent", multitask_strategy: "enqueue", ...input }, NO_HEADERS);
  return (await runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never })) as Heard;
}

const heardOn = async (thread: string) => ((await runtime.services.threads.get(LOCAL, thread)).values as Heard | null)?.heard ?? [];
const outcomes = async (thread: string) => (await heardOn(thread)).flatMap((one) => (one["outcome"] ? [one["outcome"].status] : []));
const idle = (thread: string) =>
  eventually(
    () => runtime.services.threads.get(LOCAL, thread),
    (one) => one.status !== "busy",
  );
const approvals = async (thread: string, state?: string): Promise<Approval[]> =>
  (await runtime.services.approvals.list(LOCAL, { thread_id: thread, limit: 10, offset: 0, ...(state ? { state } : {}) })).items;

/** A parent whose team has asked, and which shows the question. */
async function asked(): Promise<{ parent: string; child: string; mirror: Approval; original: Approval }> {
  const parent = (await runtime.services.threads.create(LOCAL, {})).thread_id;
  const { heard } = await say(parent, { input: { say: "build" } });
  const child = heard.flatMap((one) => (one["started"] ? [String(one["started"])] : []))[0] ?? "";
  const [mirror] = await eventually(
    () => approvals(parent, "pending"),
    (all) => all.length === 1,
  );
  const [original] = await approvals(child, "pending");
  if (mirror === undefined || original === undefined) throw new Error("nothing is asked");
  await eventually(
    () => outcomes(parent),
    (all) => all.includes("waiting"),
  );
  await idle(parent);
  const [latest] = await approvals(parent, "pending");
  return { parent, child, mirror: latest ?? mirror, original };
}

describe("a team", () => {
  test("goes with the conversation that it belongs to, in whatever state it is", async () => {
    const { parent, child, original } = await asked();
    const other = await asked();
    await runtime.services.approvals.decide(LOCAL, other.original.id, { type: "approve" });
    await eventually(
      () => outcomes(other.parent),
      (all) => all.includes("done"),
    );
    for (const thread of [parent, other.parent]) await runtime.services.threads.delete(LOCAL, thread);
    for (const thread of [child, other.child]) await expect(runtime.services.threads.get(LOCAL, thread)).rejects.toMatchObject({ code: "not_found" });
    await expect(runtime.services.approvals.decide(LOCAL, original.id, { type: "approve" })).rejects.toMatchObject({ code: "not_found" });
    const threads = [parent, child, other.parent, other.child];
    const left = await database.sql`
      select 'checkpoint' from checkpoints where thread_id = any(${threads}) union all select 'run' from runs where thread_id = any(${threads}::uuid[])
      union all select 'question' from approvals where thread_id = any(${threads}::uuid[]) union all select 'write' from checkpoint_writes where thread_id = any(${threads})`;
    expect([...left]).toEqual([]);
  });

  test("whose parent is gone is still answered, and ends", async () => {
    const { parent, child, original } = await asked();
    await database.sql`delete from threads where thread_id = ${parent}`;
    await runtime.services.approvals.decide(LOCAL, original.id, { type: "approve" });
    expect(await idle(child)).toMatchObject({ status: "idle" });
  });

  test("runs on a thread of its own, and wakes its parent when it asks and when it ends", async () => {
    const { parent, child, original } = await asked();
    expect(await runtime.services.threads.get(LOCAL, child)).toMatchObject({
      status: "interrupted",
      metadata: { parent_thread_id: parent, graph_id: "engineering" },
    });
    await runtime.services.approvals.decide(LOCAL, original.id, { type: "approve", message: null, args: null });
    await eventually(
      () => outcomes(parent),
      (all) => all.includes("done"),
    );
    const heard = await heardOn(parent);
    expect(heard.findLast((one) => one["outcome"]?.status === "done")?.["outcome"]).toMatchObject({
      call: "call-1",
      team: "engineering",
      threadId: child,
      result: { status: "approve", order: "a cat" },
    });
    // decided on the child: the parent was told that what it shows is out of date, and shows nothing any more
    await idle(parent);
    expect(await outcomes(parent)).toContain("decided");
    expect(await approvals(parent, "pending")).toEqual([]);
    expect((await approvals(child)).map((one) => one.state)).toEqual(["done"]);
  });

  test("is answered through its parent's thread as well", async () => {
    const { parent, child, original } = await asked();
    const values = await say(parent, { command: { resume: { decisions: [{ type: "reject", message: "no cats" }] } } });
    expect(values.heard.at(-1)).toEqual({ decided: "reject" });
    await eventually(
      () => outcomes(parent),
      (all) => all.includes("done"),
    );
    expect(await runtime.services.approvals.get(LOCAL, original.id)).toMatchObject({ state: "done", decision: { type: "reject", message: "no cats" } });
    expect((await runtime.services.threads.get(LOCAL, child)).values).toMatchObject({ result: { status: "reject" } });
    expect(await outcomes(parent)).not.toContain("decided");
  });

  test("asks once in an inbox over all threads, in its figures and in those of its conversation", async () => {
    const { parent, child, mirror, original } = await asked();
    const list = async (filter: object) => {
      const { items, total } = await runtime.services.approvals.list(LOCAL, { limit: 100, offset: 0, ...filter });
      expect(total).toBe(items.length);
      return items.filter(({ threadId }) => threadId === parent || threadId === child).map(({ id }) => id);
    };
    expect(await list({ state: "pending" })).toEqual([original.id]);
    expect((await list({ state: "pending", mirrors: true })).toSorted()).toEqual([original.id, mirror.id].toSorted());
    expect(await list({ state: "pending", thread_id: parent })).toEqual([mirror.id]);
    expect(await list({ state: "pending", thread_id: parent, mirrors: false })).toEqual([]);
    expect((await runtime.services.approvals.get(LOCAL, mirror.id)).mirrorOf).toBe(original.id);
    // whichever side is given to somebody: it is one question
    for (const [side, name] of [
      [mirror, "grace"],
      [original, "hopper"],
    ] as const) {
      await runtime.services.approvals.assign(LOCAL, side.id, name);
      expect(await list({ state: "pending", assignee: name })).toEqual([original.id]);
      expect(await list({ thread_id: parent, assignee: name })).toEqual([mirror.id]);
    }
    const before = (await runtime.services.approvals.metrics(LOCAL, { days: 1 })).total;
    await say(parent, { command: { resume: { type: "approve" } } });
    await eventually(
      () => outcomes(parent),
      (all) => all.includes("done"),
    );
    await idle(parent);
    expect(await list({})).toEqual([original.id]);
    const after = (await runtime.services.approvals.metrics(LOCAL, { days: 1 })).total;
    expect([after.asked - before.asked, after.decided - before.decided]).toEqual([0, 1]);
    await using eventLog = new EventLog({ database, log: silent });
    const { approvals: figures } = await makeEventsService({ database, eventLog }).sessionMetrics(LOCAL, parent);
    expect(figures).toMatchObject({ required: 1, decided: 1, by_decision: { approve: 1 } });
    // one that waits for what nobody is asked any more would else be in no inbox
    await database.sql`update approvals set state = 'pending' where id = ${mirror.id}`;
    expect(await list({ state: "pending" })).toEqual([mirror.id]);
  });

  test("is not forgotten by a message in between", async () => {
    const { parent, mirror } = await asked();
    const values = await say(parent, { input: { say: "how is it going?" } });
    expect(values.heard.at(-1)).toEqual({ said: "how is it going?" });
    const [again] = await approvals(parent, "pending");
    expect(again?.id).toBe(mirror.id);
    await say(parent, { command: { resume: true } });
    await eventually(
      () => outcomes(parent),
      (all) => all.includes("done"),
    );
  });

  test("is decided once, on whichever side", async () => {
    const { parent, child, mirror, original } = await asked();
    const decision = { type: "approve", message: null, args: null };
    const results = await Promise.allSettled([
      ...Array.from({ length: 10 }, () => runtime.services.approvals.decide(LOCAL, mirror.id, decision)),
      ...Array.from({ length: 10 }, () => runtime.services.approvals.decide(LOCAL, original.id, decision)),
    ]);
    expect(results.filter((one) => one.status === "fulfilled")).toHaveLength(1);
    const codes = results.flatMap((one) => (one.status === "rejected" ? [(one.reason as { code?: string }).code] : []));
    expect(codes.filter((code) => code !== "already_decided" && code !== "conflict")).toEqual([]);
    await eventually(
      () => outcomes(parent),
      (all) => all.includes("done"),
    );
    expect((await runtime.services.runs.list(LOCAL, child, { limit: 10, offset: 0 })).total).toBe(2);
  });

  test("keeps its question when the answer cannot be read", async () => {
    const { parent, mirror } = await asked();
    await expect(say(parent, { command: { resume: { decisions: [{ type: "maybe" }] } } })).rejects.toMatchObject({ code: "unreadable_answer" });
    expect((await approvals(parent, "pending"))[0]?.id).toBe(mirror.id);
  });

  test("is started once by a parent that is run again from before it, and anew by a fork", async () => {
    const { parent, child } = await asked();
    const children = () => runtime.services.threads.search(LOCAL, { metadata: { parent_thread_id: parent }, limit: 10, offset: 0 });
    expect((await children()).total).toBe(1);
    const history = await runtime.services.threads.history(LOCAL, parent, { limit: 50 });
    const before = history.find((one) => one.next.includes("listen") && (one.values as { say?: string }).say === "build");
    await say(parent, { input: null, checkpoint: { checkpoint_id: before?.checkpoint?.checkpoint_id ?? null } });
    const { items } = await children();
    expect(items).toHaveLength(2);
    expect(items.map((one) => one.thread_id)).toContain(child);
    // what was asked on the line that was left waits no longer
    expect((await approvals(parent)).some((one) => one.state === "superseded")).toBe(true);
  });
});
