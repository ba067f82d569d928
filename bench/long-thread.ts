/**
 * What a long conversation costs: the time of a turn as it grows, ours beside LangGraph's MemorySaver (which keeps everything in memory and
 * shows what LangGraph itself takes), and a step on a pruned thread of 200 messages beside a step on a new one. In turns, in one process.
 *
 *   node bench/long-thread.ts          prints both tables; BENCH_TURNS (200) changes the length
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { HumanMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { END, MemorySaver, MessagesValue, START, StateGraph, StateSchema, type BaseCheckpointSaver, type Checkpoint } from "@langchain/langgraph";
import { openDatabase } from "#db/client.ts";
import { openEmbedded } from "#db/embedded.ts";
import { migrate } from "#db/migrate.ts";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { percentile, rounded } from "./figures.ts";

const MESSAGE_BYTES = 1_000;
const MESSAGES = 200;
const ROUNDS = 60;
/** Rounds that are not counted: the code is not compiled yet. */
const WARM_UP = 10;
setFlagsFromString("--expose-gc");
// what V8 puts into every new context under that flag
const collectGarbage = runInNewContext("gc") as (options: { type: "minor" }) => void;
const State = new StateSchema({ messages: MessagesValue });

export interface LongThread {
  /** Medians of ten turns that end with that turn; milliseconds. */
  turns: { turn: number; memory_ms: number; slipway_ms: number }[];
  /** What saving adds to a turn; LangGraph's own work and the reading of messages are left out. */
  step: { new_ms: number; pruned_ms: number; times: number; aim: number };
}

/** Measures on the database at this address, which is migrated. */
export async function longThread(url: string, turns: number): Promise<LongThread> {
  await using database = await openDatabase({ url });
  const savers = { memory: new MemorySaver(), slipway: new Checkpointer(database) };
  const graphs = { memory: conversation(savers.memory), slipway: conversation(savers.slipway) };
  const times = { memory: [] as number[], slipway: [] as number[] };
  for (let turn = 0; turn < turns; turn += 1) {
    for (const name of ["memory", "slipway"] as const) times[name].push(await turnOf(graphs[name], `long-${process.pid}`, turn));
  }
  const marks = [10, 25, 50, 100, 200, 400, 800].filter((turn) => turn <= turns);
  const median = (all: number[], turn: number) => rounded(percentile(all.slice(turn - 10, turn), 0.5));
  return {
    turns: marks.map((turn) => ({ turn, memory_ms: median(times.memory, turn), slipway_ms: median(times.slipway, turn) })),
    step: await steps(savers.slipway),
  };
}

/**
 * What saving adds to a turn: its time less that of the same turn with a saver that reads and keeps nothing. Both read the thread and do all of
 * LangGraph's own work, so what is left is the writing.
 *
 * Between two turns the young garbage is collected. A turn on 200 messages makes 7.3 MB of it by reading them and 0.3 MB by saving; without this,
 * every other turn at the same place of the round paid for all that the four had read, and that place was "pruned, saved" as often as not.
 */
async function steps(saver: Checkpointer): Promise<LongThread["step"]> {
  const graphs = { saved: conversation(saver), unsaved: conversation(readingOnly(saver)) };
  const spent = { new: { saved: [] as number[], unsaved: [] as number[] }, pruned: { saved: [] as number[], unsaved: [] as number[] } };
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    for (const kind of ["new", "pruned"] as const) {
      for (const how of ["saved", "unsaved"] as const) {
        const threadId = `step-${process.pid}-${kind}-${how}-${round}`;
        const thread = { configurable: { thread_id: threadId } };
        const messages = Array.from({ length: kind === "new" ? 2 : MESSAGES }, (_, place) => new HumanMessage({ id: `${place}`, content: words(place) }));
        await graphs.saved.updateState(thread, { messages }, "answer");
        await saver.prune(threadId);
        collectGarbage({ type: "minor" });
        const ms = await turnOf(graphs[how], threadId, MESSAGES);
        if (round >= WARM_UP) spent[kind][how].push(ms);
      }
    }
  }
  const saving = ({ saved, unsaved }: { saved: number[]; unsaved: number[] }) => percentile(saved, 0.5) - percentile(unsaved, 0.5);
  const [fresh, pruned] = [saving(spent.new), saving(spent.pruned)];
  return { new_ms: rounded(fresh), pruned_ms: rounded(pruned), times: rounded(pruned / fresh), aim: 1.5 };
}

/** A saver that reads what is there and keeps nothing of what it is given. */
function readingOnly(saver: Checkpointer): BaseCheckpointSaver {
  return new Proxy(saver, {
    get: (target, name) => {
      if (name === "putWrites") return async () => {};
      if (name === "put") return async (config: RunnableConfig, { id }: Checkpoint) => ({ configurable: { ...config.configurable, checkpoint_id: id } });
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** A turn: a message in, a message out, each step on disk before the next. */
function conversation(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(State)
    .addNode("answer", (state) => ({ messages: [{ role: "assistant", content: words(state.messages.length + 1) }] }))
    .addEdge(START, "answer")
    .addEdge("answer", END)
    .compile({ checkpointer });
}

async function turnOf(graph: ReturnType<typeof conversation>, threadId: string, turn: number): Promise<number> {
  const began = performance.now();
  await graph.invoke({ messages: [new HumanMessage(words(turn * 2))] }, { configurable: { thread_id: threadId }, durability: "sync" });
  return performance.now() - began;
}

/** The words differ, so that nothing is stored twice by luck. */
function words(seed: number): string {
  let text = "";
  for (let at = seed * 7_919; text.length < MESSAGE_BYTES; at += 104_729) text += `${(at % 1_000_003).toString(36)} `;
  return text.slice(0, MESSAGE_BYTES);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const directory = mkdtempSync(join(tmpdir(), "slipway-bench-"));
  try {
    await using embedded = await openEmbedded(directory);
    await migrate(embedded);
    const result = await longThread(embedded.url, Number(process.env["BENCH_TURNS"] ?? 200));
    console.table(result.turns);
    console.table([result.step]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
