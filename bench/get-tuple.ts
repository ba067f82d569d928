/**
 * Reading the newest checkpoint of a 200-message thread: ours on the embedded PostgreSQL beside LangGraph's MemorySaver, in one run,
 * taking turns. What MemorySaver needs is LangGraph's own revival of the messages, which everybody pays.
 *
 *   node bench/get-tuple.ts        prints medians, writes bench/results/get-tuple.json
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { HumanMessage } from "@langchain/core/messages";
import { END, MemorySaver, MessagesValue, START, StateGraph, StateSchema, type BaseCheckpointSaver } from "@langchain/langgraph";
import { openDatabase } from "#db/client.ts";
import { openEmbedded } from "#db/embedded.ts";
import { migrate } from "#db/migrate.ts";
import { Checkpointer } from "#runtime/checkpointer.ts";

const MESSAGES = 200;
const MESSAGE_BYTES = 1_000;
const ROUNDS = 100;
const State = new StateSchema({ messages: MessagesValue });

/** One turn: a message in, a message out. The words differ, so that nothing is stored twice by luck. */
function conversation(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(State)
    .addNode("answer", (state) => ({ messages: [{ role: "assistant", content: words(state.messages.length + 1) }] }))
    .addEdge(START, "answer")
    .addEdge("answer", END)
    .compile({ checkpointer });
}

function words(seed: number): string {
  let text = "";
  for (let at = seed * 7_919; text.length < MESSAGE_BYTES; at += 104_729) text += `${(at % 1_000_003).toString(36)} `;
  return text.slice(0, MESSAGE_BYTES);
}

async function talk(checkpointer: BaseCheckpointSaver, threadId: string): Promise<void> {
  const graph = conversation(checkpointer);
  for (let turn = 0; turn < MESSAGES / 2; turn += 1) {
    await graph.invoke({ messages: [new HumanMessage(words(turn * 2))] }, { configurable: { thread_id: threadId }, durability: "sync" });
  }
}

function percentile(times: readonly number[], share: number): number {
  const value = times.toSorted((one, two) => one - two)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return Number(value.toFixed(2));
}

const directory = mkdtempSync(join(tmpdir(), "slipway-bench-"));
try {
  await using embedded = await openEmbedded(directory);
  await migrate(embedded);
  await using database = await openDatabase({ url: embedded.url });
  const { sql } = database;
  const savers = { memory: new MemorySaver(), slipway: new Checkpointer(database) };
  const thread = { configurable: { thread_id: "bench" } };
  for (const saver of Object.values(savers)) await talk(saver, "bench");

  const times = { memory: [] as number[], slipway: [] as number[] };
  for (let round = 0; round < ROUNDS + 10; round += 1) {
    for (const name of ["memory", "slipway"] as const) {
      const start = performance.now();
      const tuple = await savers[name].getTuple(thread);
      // the first ten warm the code and the statement up
      if (round >= 10) times[name].push(performance.now() - start);
      const count = (tuple?.checkpoint.channel_values["messages"] as unknown[] | undefined)?.length;
      if (count !== MESSAGES) throw new Error(`${name} read ${count} messages, not ${MESSAGES}`);
    }
  }

  // what ten more steps at the end of that list write, counted in the rows' own bytes
  const size = async () => {
    const [row] = await sql<{ total: string }[]>`
      select (select coalesce(sum(pg_column_size(t.*) - 24), 0) from checkpoints t) + (select coalesce(sum(pg_column_size(t.*) - 24), 0) from checkpoint_blobs t)
        + (select coalesce(sum(pg_column_size(t.*) - 24), 0) from checkpoint_writes t) + (select coalesce(sum(pg_column_size(t.*) - 24), 0) from checkpoint_parts t) as total`;
    return Number(row?.total);
  };
  const graph = conversation(savers.slipway);
  const before = await size();
  for (let turn = 0; turn < 10; turn += 1) await graph.invoke({ messages: [new HumanMessage(words(MESSAGES + turn * 2))] }, { ...thread, durability: "sync" });
  const turnBytes = Math.round(((await size()) - before) / 10);

  const result = {
    measured: new Date().toISOString(),
    node: process.version,
    cores: availableParallelism(),
    messages: MESSAGES,
    messageBytes: MESSAGE_BYTES,
    rounds: ROUNDS,
    getTupleMs: {
      memorySaver: { p50: percentile(times.memory, 0.5), p95: percentile(times.memory, 0.95) },
      slipway: { p50: percentile(times.slipway, 0.5), p95: percentile(times.slipway, 0.95) },
    },
    /** Bytes of all checkpoint rows written by a turn (two messages, three checkpoints) at the end of the list. */
    turnBytes,
  };
  console.log(JSON.stringify(result, null, 2));
  mkdirSync("bench/results", { recursive: true });
  writeFileSync("bench/results/get-tuple.json", `${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
