import { randomUUID } from "node:crypto";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { MemorySaver, type Checkpoint } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { putValues } from "../helpers/checkpoints.ts";
import { testDatabase } from "../helpers/database.ts";

/**
 * The objects of a list are the graph's: it keeps them from step to step, changes them in place, has them in several threads and reads them
 * again. Whatever the checkpointer remembers by object, what is stored is what they were when they were given to it.
 */
const { database } = await testDatabase();
const { serde } = new MemorySaver();
const savers = [new Checkpointer(database), new Checkpointer(database)];
const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const THREADS = 2;

type Step =
  | { kind: "add"; count: number; plain: boolean }
  | { kind: "change"; at: number; how: number; late: boolean }
  | { kind: "cut"; from: number; count: number }
  | { kind: "fork"; to: number }
  | { kind: "read" }
  | { kind: "prune" }
  | { kind: "delete" }
  | { kind: "copy"; to: number };

const at = fc.nat(80);
const to = fc.nat(THREADS - 1);
const step: fc.Arbitrary<Step & { thread: number; saver: number }> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("add" as const), count: fc.integer({ min: 1, max: 30 }), plain: fc.boolean() }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant("change" as const), at, how: fc.nat(3), late: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("cut" as const), from: at, count: fc.integer({ min: 1, max: 9 }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("fork" as const), to }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("read" as const) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("prune" as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("copy" as const), to }) },
    ),
    fc.nat(THREADS - 1),
    // mostly one process, which remembers
    fc.constantFrom(0, 0, 0, 1),
  )
  .map(([one, thread, saver]) => ({ ...one, thread, saver }));

let made = 0;
function makeElement(plain: boolean): object {
  made += 1;
  const text = `${made} `.padEnd(100 + (made % 3) * 100, `${made}.`);
  if (plain) return { text, tags: [made] };
  return made % 2 === 0 ? new HumanMessage({ id: `${made}`, content: text }) : new AIMessage({ id: `${made}`, content: text, tool_calls: [] });
}

function changeInPlace(element: object, how: number): void {
  made += 1;
  if (how === 0 && "content" in element) element.content = `changed ${made}`;
  else if (how === 1 && "additional_kwargs" in element) (element.additional_kwargs as Record<string, unknown>)["seen"] = [made];
  else if (how === 2 && "tags" in element) (element.tags as number[]).push(made);
  else Object.assign(element, { ["tags" in element ? "text" : "name"]: `changed ${made}` });
}

const jsonOf = async (list: unknown) => Buffer.from((await serde.dumpsTyped(list))[1]).toString("utf8");

/** Returns how often a change of an element alone had to be stored. */
async function go(steps: readonly (Step & { thread: number; saver: number })[]): Promise<number> {
  const threads = Array.from({ length: THREADS }, () => ({
    config: { configurable: { thread_id: randomUUID(), checkpoint_ns: "" } } satisfies RunnableConfig,
    list: Array.from({ length: 25 }, (_, place) => makeElement(place % 5 === 0)),
    last: undefined as Checkpoint | undefined,
  }));
  let changes = 0;
  for (const [count, one] of steps.entries()) {
    const thread = threads[one.thread];
    const saver = savers[one.saver];
    const other = "to" in one ? threads[one.to] : undefined;
    if (thread === undefined || saver === undefined) throw new Error("no such thread or process");
    const threadId = thread.config.configurable.thread_id;
    if (one.kind === "add") thread.list = [...thread.list, ...Array.from({ length: one.count }, () => makeElement(one.plain))];
    else if (one.kind === "cut") thread.list = thread.list.toSpliced(one.from, one.count);
    else if (one.kind === "fork" && other !== undefined) thread.list = [...other.list];
    else if (one.kind === "prune") await saver.prune(threadId);
    else if (one.kind === "delete") await saver.deleteThread(threadId);
    else if (one.kind === "copy" && other !== undefined && other !== thread) await saver.copyThread(other.config.configurable.thread_id, threadId);
    else if (one.kind === "read") {
      // as a run begins: with objects that it never saw
      const tuple = await saver.getTuple(thread.config);
      if (tuple !== undefined) thread.list = (tuple.checkpoint.channel_values["list"] ?? []) as object[];
    }
    const element = one.kind === "change" ? thread.list[one.at % Math.max(1, thread.list.length)] : undefined;
    if (one.kind === "change" && element !== undefined) {
      changes += 1;
      if (!one.late) changeInPlace(element, one.how);
    }
    const expected = await jsonOf(thread.list);
    const putting = putValues(saver, thread.config, { list: thread.list }, { step: count, ...(thread.last ? { parent: thread.last } : {}) });
    // the graph goes on while this is on its way: that belongs to the next one
    if (one.kind === "change" && one.late && element !== undefined) changeInPlace(element, one.how);
    const { config, checkpoint } = await putting;
    thread.last = checkpoint;
    // read by somebody who remembers nothing
    const stored = await new Checkpointer(database).getTuple(config);
    expect(await jsonOf(stored?.checkpoint.channel_values["list"])).toBe(expected);
  }
  return changes;
}

describe("objects that a graph keeps, changes, shares and reads again", () => {
  it(`are stored as they were when they were given (SEED=${seed})`, async () => {
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25, size: "max" }), async (steps) => {
        changes += await go(steps);
      }),
      { seed, numRuns: 15, endOnFailure: true },
    );
    console.log(`SEED=${seed}: ${changes} changes in place`);
    expect(changes).toBeGreaterThan(10);
  });
});
