import { Command, END, interrupt, MemorySaver, ReducedValue, START, StateGraph, StateSchema, type BaseCheckpointSaver } from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { testDatabase } from "../helpers/database.ts";

/**
 * Random branch trees: the same random operations on LangGraph's MemorySaver and on ours must end in the same state at every branch
 * head. A seed that failed is run again with TREE_SEED=…; TREES=1000 looks longer.
 */
const SEED = Number(process.env["TREE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const TREES = Number(process.env["TREES"] ?? 300);
const TREES_PER_TEST = 100;
const STEPS = 6;

const { database, url } = await testDatabase();

// checkpoint ids carry the millisecond: two in one would be ordered by their step, and "the newest" would depend on the machine's speed
let clock = Date.now();
beforeAll(() => {
  vi.spyOn(Date, "now").mockImplementation(() => (clock += 1));
  console.log(`TREE_SEED=${SEED}`);
});
afterAll(() => {
  vi.restoreAllMocks();
});

type Random = () => number;

function makeRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const below = (random: Random, most: number) => Math.floor(random() * most);

const KINDS = ["plain", "ask", "pair", "nested"] as const;
const State = new StateSchema({
  kind: z.enum(KINDS).default("plain"),
  draft: z.string().default(""),
  log: new ReducedValue(
    z.array(z.object({ by: z.string(), text: z.string() })).default(() => []),
    {
      inputSchema: z.array(z.object({ by: z.string(), text: z.string() })),
      reducer: (one, two) => [...one, ...two],
    },
  ),
});

/** A graph whose nodes say something else at every call, so that a regenerated branch differs from the first one. */
function makeGraph(checkpointer: BaseCheckpointSaver) {
  let calls = 0;
  const say = (by: string, length = 40) => {
    calls += 1;
    return { by, text: `${by} ${calls} `.repeat(Math.ceil(length / (by.length + 4))) };
  };
  const Child = new StateSchema({ draft: z.string().default(""), verdict: z.string().default("") });
  const child = new StateGraph(Child)
    .addNode("prepare", () => ({ draft: say("prepare").text }))
    .addNode("confirm", () => ({ verdict: JSON.stringify(interrupt({ confirm: true })) }))
    .addEdge(START, "prepare")
    .addEdge("prepare", "confirm")
    .addEdge("confirm", END)
    .compile();
  return new StateGraph(State)
    .addNode("write", () => {
      const line = say("write", 400);
      return { draft: line.text, log: [line] };
    })
    .addNode("ask", (state) => ({ log: [{ by: "ask", text: JSON.stringify(interrupt({ about: state.draft })) }] }))
    .addNode("left", () => ({ log: [say("left")] }))
    .addNode("right", () => ({ log: [say("right")] }))
    .addNode("join", (state) => ({ log: [{ by: "join", text: String(state.log.length) }] }))
    .addNode("nested", child)
    .addNode("finish", () => ({ log: [say("finish", 300)] }))
    .addConditionalEdges(START, (state) => (state.kind === "pair" ? ["left", "right"] : state.kind === "nested" ? ["nested"] : ["write"]), [
      "left",
      "right",
      "nested",
      "write",
    ])
    .addConditionalEdges("write", (state) => (state.kind === "ask" ? "ask" : "finish"), ["ask", "finish"])
    .addEdge("ask", "finish")
    .addEdge("left", "join")
    .addEdge("right", "join")
    .addEdge("join", "finish")
    .addEdge("nested", "finish")
    .addEdge("finish", END)
    .compile({ checkpointer });
}

interface Outcome {
  readonly heads: unknown[];
  readonly operations: string[];
}

/** Grows one tree. All choices come from the seed and from the shape of the tree, which is the same for both savers. */
async function growTree(seed: number, threadId: string, saver: BaseCheckpointSaver, reader: BaseCheckpointSaver): Promise<Outcome> {
  const random = makeRandom(seed);
  const graph = makeGraph(saver);
  const thread = { configurable: { thread_id: threadId } };
  const durability = (["sync", "async"] as const)[below(random, 2)] ?? "sync";
  const operations: string[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const points: RunnableConfig[] = [];
    for await (const tuple of saver.list({ configurable: { thread_id: threadId, checkpoint_ns: "" } })) points.push(tuple.config);
    const place = random() < 0.4 ? 0 : below(random, Math.max(points.length, 1));
    const from = points[place] ?? thread;
    const choice = random();
    const kind = KINDS[below(random, KINDS.length)] ?? "plain";
    const input = { kind, log: [{ by: "person", text: `${step} ${kind} `.repeat(1 + below(random, 60)) }] };
    const answer = { approve: random() < 0.5, step };
    let operation: string;
    if (points.length === 0 || choice < 0.35) {
      operation = `${place}: say ${kind}`;
      await graph.invoke(input, { ...from, durability });
    } else if (choice < 0.5) {
      operation = `${place}: edit`;
      await graph.updateState(from, { log: [{ by: "edit", text: `edit ${step}` }], draft: `edited ${step}` }, random() < 0.5 ? "write" : "finish");
    } else if (choice < 0.7) {
      operation = `${place}: again`;
      await graph.invoke(null, { ...from, durability });
    } else {
      // regenerate and approve what comes of it, or answer a pause that is there
      operation = `${place}: answer`;
      const paused = async (config: RunnableConfig) => (await graph.getState(config)).tasks.some((task) => task.interrupts.length > 0);
      if (random() < 0.5) await graph.invoke(null, { ...from, durability });
      if (await paused(thread)) await graph.invoke(new Command({ resume: answer }), { ...thread, durability });
      else if (await paused(from)) await graph.invoke(new Command({ resume: answer }), { ...from, durability });
    }
    operations.push(operation);
  }
  // read back through a saver that wrote nothing, as after a restart
  const readGraph = makeGraph(reader);
  const heads: unknown[] = [];
  for await (const { values, next, tasks, metadata } of readGraph.getStateHistory(thread)) {
    heads.push({
      values: values as unknown,
      next,
      source: metadata?.source,
      step: metadata?.step,
      tasks: tasks.map(({ name, interrupts }) => ({ name, interrupts: interrupts.map((one) => one.value as unknown) })),
    });
  }
  return { heads, operations };
}

async function compareTrees(first: number, count: number): Promise<{ heads: number; different: string[] }> {
  const different: string[] = [];
  let heads = 0;
  let next = first;
  const work = async () => {
    while (next < first + count) {
      const number = next++;
      const memory = new MemorySaver();
      const expected = await growTree(SEED + number, "tree", memory, memory);
      const actual = await growTree(SEED + number, `tree-${number}`, new Checkpointer(database), new Checkpointer(database));
      heads += expected.heads.length;
      try {
        expect(actual).toEqual(expected);
      } catch (error) {
        different.push(`tree ${number}: ${expected.operations.join("; ")}\n${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all([work(), work(), work()]);
  return { heads, different };
}

describe(`random branch trees on ${url.includes("host=") ? "the embedded PostgreSQL" : "DATABASE_URL"}`, () => {
  for (let first = 0; first < TREES; first += TREES_PER_TEST) {
    it(`trees ${first} to ${first + TREES_PER_TEST - 1} end as MemorySaver's do`, { timeout: 600_000 }, async () => {
      const { heads, different } = await compareTrees(first, TREES_PER_TEST);
      expect(different.slice(0, 3)).toEqual([]);
      expect(heads).toBeGreaterThan(TREES_PER_TEST);
    });
  }
});
