import { randomUUID } from "node:crypto";
import type { Client } from "@langchain/langgraph-sdk";
import fc from "fast-check";
import { expect } from "vitest";
import {
  applyBreakpoint,
  applyGoOn,
  applyInterrupted,
  applyResume,
  applyRun,
  applyUpdate,
  head,
  newThread,
  type Reference,
  type ReferenceThread,
  remember,
  type Way,
} from "./reference.ts";

export interface Real {
  client: Client;
}

type Operation = fc.AsyncCommand<Reference, Real>;

/** Compares one thread on the server with the reference, and learns the ids of its checkpoints. */
export async function compareThread({ client }: Real, thread: ReferenceThread): Promise<void> {
  const [wire, state, history, runs] = await Promise.all([
    client.threads.get(thread.id),
    client.threads.getState<{ entries?: string[] }>(thread.id),
    client.threads.getHistory<{ entries?: string[] }>(thread.id, { limit: 1_000 }),
    client.runs.list(thread.id, { limit: 1_000 }),
  ]);
  expect({ status: wire.status, metadata: ours(wire.metadata), asks: Object.values(wire.interrupts).flat().length }).toEqual({
    status: thread.status,
    metadata: thread.metadata,
    asks: thread.asks ? 1 : 0,
  });
  expect(state.values.entries ?? []).toEqual(head(thread).entries);
  expect(state.next).toEqual(head(thread).next);
  expect(state.tasks.flatMap((task) => task.interrupts).length).toBe(thread.asks ? 1 : 0);
  expect(history.map(({ values, next }) => ({ entries: values.entries ?? [], next }))).toEqual(thread.history.map(({ entries, next }) => ({ entries, next })));
  expect(runs.map((run) => ({ id: run.run_id, status: run.status }))).toEqual(thread.runs);
  thread.history.forEach((snapshot, at) => (snapshot.id = history[at]?.checkpoint.checkpoint_id ?? null));
}

/** The metadata that runs leave on a thread is LangGraph's, not the client's. */
function ours(metadata: unknown): Record<string, unknown> {
  const { graph_id: _, assistant_id: __, ...rest } = (metadata ?? {}) as Record<string, unknown>;
  return rest;
}

function pick<T>(from: readonly T[], at: number): T | undefined {
  return from[at % from.length];
}

/** An operation on one of the threads there are; checked afterwards. */
abstract class OnThread implements Operation {
  readonly at: number;

  constructor(at: number) {
    this.at = at;
  }

  abstract readonly name: string;
  abstract does(thread: ReferenceThread, real: Real, reference: Reference): Promise<void>;

  allowed(_thread: ReferenceThread): boolean {
    return true;
  }

  check(reference: Readonly<Reference>): boolean {
    const thread = pick(reference.threads, this.at);
    return thread !== undefined && this.allowed(thread);
  }

  async run(reference: Reference, real: Real): Promise<void> {
    const thread = pick(reference.threads, this.at);
    if (thread === undefined) return;
    await this.does(thread, real, reference);
    if (reference.threads.includes(thread)) await compareThread(real, thread);
  }

  toString(): string {
    return `${this.name} on thread ${this.at}`;
  }
}

class CreateThread implements Operation {
  readonly colour: string;

  constructor(colour: string) {
    this.colour = colour;
  }

  check = (reference: Readonly<Reference>) => reference.threads.length < 4;

  async run(reference: Reference, real: Real): Promise<void> {
    const threadId = randomUUID();
    await real.client.threads.create({ threadId, metadata: { colour: this.colour } });
    const thread = newThread(threadId, { colour: this.colour });
    reference.threads.push(thread);
    await compareThread(real, thread);
  }

  toString = () => `create a ${this.colour} thread`;
}

class CreateAgain extends OnThread {
  readonly name = "create once more";

  async does(thread: ReferenceThread, { client }: Real): Promise<void> {
    await expect(client.threads.create({ threadId: thread.id, metadata: { colour: "never" } })).rejects.toThrow("HTTP 409");
    await client.threads.create({ threadId: thread.id, ifExists: "do_nothing" });
  }
}

class PatchMetadata extends OnThread {
  readonly name = "patch the metadata";

  async does(thread: ReferenceThread, { client }: Real, reference: Reference): Promise<void> {
    const mark = `mark-${(reference.names += 1)}`;
    await client.threads.update(thread.id, { metadata: { mark } });
    thread.metadata = { ...thread.metadata, mark };
  }
}

class DeleteThread extends OnThread {
  readonly name = "delete";

  async does(thread: ReferenceThread, { client }: Real, reference: Reference): Promise<void> {
    await client.threads.delete(thread.id);
    reference.threads.splice(reference.threads.indexOf(thread), 1);
    reference.deleted.push(thread.id);
    await expect(client.threads.get(thread.id)).rejects.toThrow("HTTP 404");
  }
}

class Prune extends OnThread {
  readonly name = "prune";

  async does(thread: ReferenceThread, { client }: Real): Promise<void> {
    await client.threads.prune([thread.id], { strategy: "keep_latest" });
    thread.history = thread.history.slice(0, 1);
  }
}

class CopyThread extends OnThread {
  readonly name = "copy";

  override allowed = (thread: ReferenceThread) => !thread.asks;

  override check(reference: Readonly<Reference>): boolean {
    return reference.threads.length < 4 && super.check(reference);
  }

  async does(thread: ReferenceThread, real: Real, reference: Reference): Promise<void> {
    const { thread_id } = await real.client.threads.copy(thread.id);
    const copy = { ...remember(thread), id: thread_id, runs: [], metadata: { ...thread.metadata, thread_id } };
    reference.threads.push(copy);
    await compareThread(real, copy);
  }
}

class Run extends OnThread {
  readonly way: Way;

  constructor(at: number, way: Way) {
    super(at);
    this.way = way;
  }

  get name(): string {
    return `run and ${this.way}`;
  }

  async does(thread: ReferenceThread, { client }: Real, reference: Reference): Promise<void> {
    const entry = `entry-${(reference.names += 1)}`;
    const run = await client.runs.create(thread.id, "ledger", { input: { entries: [entry], way: this.way } });
    await client.runs.join(thread.id, run.run_id).catch((error: unknown) => {
      if (this.way !== "fail") throw error;
    });
    applyRun(thread, run.run_id, entry, this.way);
  }
}

class Fork extends OnThread {
  readonly from: number;
  readonly name = "fork";

  constructor(at: number, from: number) {
    super(at);
    this.from = from;
  }

  override allowed = (thread: ReferenceThread) => thread.history.length > 0;

  async does(thread: ReferenceThread, { client }: Real, reference: Reference): Promise<void> {
    const snapshot = pick(thread.history, this.from);
    if (snapshot?.id == null) return;
    const entry = `entry-${(reference.names += 1)}`;
    const run = await client.runs.create(thread.id, "ledger", { input: { entries: [entry], way: "end" }, checkpointId: snapshot.id });
    await client.runs.join(thread.id, run.run_id);
    applyRun(thread, run.run_id, entry, "end", snapshot);
  }
}

class Resume extends OnThread {
  readonly name = "resume";

  async does(thread: ReferenceThread, { client }: Real, reference: Reference): Promise<void> {
    const answer = `word-${(reference.names += 1)}`;
    const resuming = client.runs.create(thread.id, "ledger", { command: { resume: answer } });
    const atBreakpoint = thread.status === "interrupted" && !thread.asks;
    if (!thread.asks && !atBreakpoint) {
      await expect(resuming).rejects.toThrow("HTTP 409");
      return;
    }
    const run = await resuming;
    await client.runs.join(thread.id, run.run_id);
    if (atBreakpoint) applyGoOn(thread, run.run_id);
    else applyResume(thread, run.run_id, answer);
  }
}

class Breakpoint extends OnThread {
  readonly name = "run to a breakpoint";

  async does(thread: ReferenceThread, { client }: Real, reference: Reference): Promise<void> {
    const entry = `entry-${(reference.names += 1)}`;
    const run = await client.runs.create(thread.id, "ledger", { input: { entries: [entry], way: "end" }, interruptBefore: ["decide"] });
    await client.runs.join(thread.id, run.run_id);
    applyBreakpoint(thread, run.run_id, entry);
  }
}

class GoOn extends OnThread {
  readonly name = "go on";

  // what holds on would hold on for ever
  override allowed = (thread: ReferenceThread) => thread.history.length > 0 && head(thread).way !== "hold";

  async does(thread: ReferenceThread, { client }: Real): Promise<void> {
    const run = await client.runs.create(thread.id, "ledger", { input: null });
    await client.runs.join(thread.id, run.run_id).catch(() => {});
    applyGoOn(thread, run.run_id);
  }
}

class UpdateState extends OnThread {
  readonly name = "edit the state";

  override allowed = (thread: ReferenceThread) => thread.history.length > 0;

  async does(thread: ReferenceThread, { client }: Real, reference: Reference): Promise<void> {
    const entry = `edit-${(reference.names += 1)}`;
    await client.threads.updateState(thread.id, { values: { entries: [entry] }, asNode: "decide" });
    applyUpdate(thread, entry);
  }
}

type Strategy = "reject" | "interrupt" | "rollback";

/** A second run comes while the first one holds on. */
class Overlap extends OnThread {
  readonly strategy: Strategy;

  constructor(at: number, strategy: Strategy) {
    super(at);
    this.strategy = strategy;
  }

  get name(): string {
    return `overlap with ${this.strategy}`;
  }

  override allowed = (thread: ReferenceThread) => !thread.asks;

  async does(thread: ReferenceThread, { client }: Real, reference: Reference): Promise<void> {
    const before = remember(thread);
    const first = `entry-${(reference.names += 1)}`;
    const second = `entry-${(reference.names += 1)}`;
    const held = await client.runs.create(thread.id, "ledger", { input: { entries: [first], way: "hold" } });
    await untilHeld(client, thread, first);
    await expect(client.threads.updateState(thread.id, { values: { entries: ["no"] }, asNode: "decide" })).rejects.toThrow("HTTP 409");
    const options = { input: { entries: [second], way: "end" }, multitaskStrategy: this.strategy } as const;
    if (this.strategy === "reject") {
      await expect(client.runs.create(thread.id, "ledger", options)).rejects.toThrow("HTTP 409");
      await client.runs.cancel(thread.id, held.run_id, true, "interrupt");
      applyRun(thread, held.run_id, first, "hold");
      applyInterrupted(thread);
      return;
    }
    const run = await client.runs.create(thread.id, "ledger", options);
    await client.runs.join(thread.id, run.run_id);
    if (this.strategy === "interrupt") {
      applyRun(thread, held.run_id, first, "hold");
      applyInterrupted(thread);
    } else {
      Object.assign(thread, before);
    }
    applyRun(thread, run.run_id, second, "end");
  }
}

class CancelHeld extends OnThread {
  readonly action: "interrupt" | "rollback";

  constructor(at: number, action: "interrupt" | "rollback") {
    super(at);
    this.action = action;
  }

  get name(): string {
    return `hold, way cancel with ${this.action}`;
  }

  override allowed = (thread: ReferenceThread) => !thread.asks;

  async does(thread: ReferenceThread, { client }: Real, reference: Reference): Promise<void> {
    const before = remember(thread);
    const entry = `entry-${(reference.names += 1)}`;
    const held = await client.runs.create(thread.id, "ledger", { input: { entries: [entry], way: "hold" } });
    await untilHeld(client, thread, entry);
    await client.runs.cancel(thread.id, held.run_id, true, this.action);
    if (this.action === "rollback") {
      Object.assign(thread, before);
      return;
    }
    applyRun(thread, held.run_id, entry, "hold");
    applyInterrupted(thread);
  }
}

class CancelPending extends OnThread {
  readonly action: "interrupt" | "rollback";
  readonly name = "cancel what has not begun";

  constructor(at: number, action: "interrupt" | "rollback") {
    super(at);
    this.action = action;
  }

  async does(thread: ReferenceThread, { client }: Real): Promise<void> {
    const run = await client.runs.create(thread.id, "ledger", { input: { entries: ["never"], way: "end" }, afterSeconds: 3_600 });
    await client.runs.cancel(thread.id, run.run_id, true, this.action);
    if (this.action === "interrupt") thread.runs.unshift({ id: run.run_id, status: "interrupted" });
  }
}

/** Search and count agree with the list of threads there are. */
class Search implements Operation {
  readonly colour: string;

  constructor(colour: string) {
    this.colour = colour;
  }

  check = () => true;

  async run(reference: Reference, { client }: Real): Promise<void> {
    const expected = reference.threads.filter((thread) => thread.metadata["colour"] === this.colour);
    const query = { metadata: { colour: this.colour }, ids: [...reference.threads.map((thread) => thread.id), ...reference.deleted] };
    if (query.ids.length === 0) return;
    const found = await client.threads.search({ ...query, limit: 100, sortBy: "created_at", sortOrder: "asc" });
    expect(found.map((thread) => thread.thread_id)).toEqual(expected.map((thread) => thread.id));
    expect(found.map((thread) => thread.status)).toEqual(expected.map((thread) => thread.status));
  }

  toString = () => `search for ${this.colour}`;
}

/** The held node has begun once its input stands in the state. */
async function untilHeld(client: Client, thread: ReferenceThread, entry: string): Promise<void> {
  for (;;) {
    const state = await client.threads.getState<{ entries?: string[] }>(thread.id);
    if (state.values.entries?.includes(entry) && state.next.includes("decide")) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const place = fc.nat({ max: 11 });
const colour = fc.constantFrom("red", "green");

export const OPERATIONS: fc.Arbitrary<Operation>[] = [
  colour.map((name) => new CreateThread(name)),
  place.map((at) => new CreateAgain(at)),
  place.map((at) => new PatchMetadata(at)),
  place.map((at) => new DeleteThread(at)),
  place.map((at) => new Prune(at)),
  place.map((at) => new CopyThread(at)),
  fc.tuple(place, fc.constantFrom<Way>("end", "ask", "fail")).map(([at, way]) => new Run(at, way)),
  fc.tuple(place, place).map(([at, from]) => new Fork(at, from)),
  place.map((at) => new Resume(at)),
  place.map((at) => new Breakpoint(at)),
  place.map((at) => new GoOn(at)),
  place.map((at) => new UpdateState(at)),
  fc.tuple(place, fc.constantFrom<Strategy>("reject", "interrupt", "rollback")).map(([at, strategy]) => new Overlap(at, strategy)),
  fc.tuple(place, fc.constantFrom("interrupt", "rollback")).map(([at, action]) => new CancelHeld(at, action as "interrupt" | "rollback")),
  fc.tuple(place, fc.constantFrom("interrupt", "rollback")).map(([at, action]) => new CancelPending(at, action as "interrupt" | "rollback")),
  colour.map((name) => new Search(name)),
];
