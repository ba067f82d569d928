import { randomUUID } from "node:crypto";
import { HumanMessage } from "@langchain/core/messages";
import { END, MessagesValue, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { putValues } from "../helpers/checkpoints.ts";
import { testDatabase } from "../helpers/database.ts";

/** What long threads cost, in bytes and rows: these are promises, and no clock is asked. */
const { database } = await testDatabase();
const { sql } = database;
const saver = new Checkpointer(database);
const newThread = () => ({ configurable: { thread_id: randomUUID() } });
const Talk = new StateSchema({ messages: MessagesValue });

/** Text that no compression makes smaller. */
const noise = (bytes: number) =>
  Array.from({ length: Math.ceil(bytes / 32) }, () => randomUUID().replaceAll("-", ""))
    .join("")
    .slice(0, bytes);

/** Whole rows with their ids, without the 24 bytes of header that every row of PostgreSQL has; in order of their transactions. */
async function bytesPerTransaction(threadId: string): Promise<{ bytes: number; rows: number }[]> {
  return sql<{ bytes: number; rows: number }[]>`
    select sum(bytes)::int as bytes, count(*)::int as rows from (
      select xmin::text::bigint as transaction, pg_column_size(t.*) - 24 as bytes from checkpoints t where thread_id = ${threadId}
      union all select xmin::text::bigint, pg_column_size(t.*) - 24 from checkpoint_blobs t where thread_id = ${threadId}
      union all select xmin::text::bigint, pg_column_size(t.*) - 24 from checkpoint_writes t where thread_id = ${threadId}
      union all select xmin::text::bigint, pg_column_size(t.*) - 24 from checkpoint_parts t where thread_id = ${threadId}
    ) one group by transaction order by transaction`;
}

const total = (all: readonly { bytes: number }[]) => all.reduce((sum, one) => sum + one.bytes, 0);

/** A turn of four messages: what a person says, and three nodes that answer. */
function conversation(size: number) {
  const answer = () => ({ messages: [{ role: "assistant", content: noise(size) }] });
  return new StateGraph(Talk)
    .addNode("think", answer)
    .addNode("act", answer)
    .addNode("say", answer)
    .addEdge(START, "think")
    .addEdge("think", "act")
    .addEdge("act", "say")
    .addEdge("say", END)
    .compile({ checkpointer: saver });
}

const contentOf = (messages: readonly unknown[]) => messages.reduce((sum: number, message) => sum + Buffer.byteLength(JSON.stringify(message)), 0);

describe("a long thread", () => {
  it("of 50 turns and 200 messages takes at most three times its content once it is pruned", async () => {
    const thread = newThread();
    const graph = conversation(1_000);
    for (let turn = 0; turn < 50; turn += 1) await graph.invoke({ messages: [new HumanMessage(noise(1_000))] }, { ...thread, durability: "sync" });
    const before = (await graph.getState(thread)).values.messages;
    expect(before).toHaveLength(200);
    const content = contentOf(before);
    const unpruned = total(await bytesPerTransaction(thread.configurable.thread_id));
    await saver.prune(thread.configurable.thread_id);
    const pruned = total(await bytesPerTransaction(thread.configurable.thread_id));
    console.log(`50 turns: content ${content}, stored ${unpruned}, pruned ${pruned} (${(pruned / content).toFixed(2)} times)`);
    expect(pruned).toBeLessThanOrEqual(3 * content);
    expect((await new Checkpointer(database).getTuple(thread))?.checkpoint.channel_values["messages"]).toEqual(before);
  });

  it.each([
    ["a word", 20, 0],
    ["a sentence", 250, 0],
    ["a sentence", 250, 920],
    ["a page", 2_000, 0],
    ["a page", 2_000, 920],
  ])("of 1,000 turns writes at most twice what is new and a kilobyte a step, when a step is %s", async (_, size, from) => {
    const thread = newThread();
    const list = Array.from({ length: from }, () => noise(size));
    let { config, checkpoint } = await putValues(saver, thread, { list });
    // a thousand long ones take their time: of those the first and the last steps
    const until = size > 100 ? from + 80 : 1_000;
    for (let step = from + 1; step <= until; step += 1) {
      const added = noise(size);
      await saver.putWrites(config, [["list", [added]]], randomUUID());
      list.push(added);
      ({ config, checkpoint } = await putValues(saver, config, { list: [...list] }, { step, parent: checkpoint }));
    }
    const [, ...transactions] = await bytesPerTransaction(thread.configurable.thread_id);
    const count = until - from;
    expect(transactions).toHaveLength(2 * count);
    const steps = Array.from({ length: count }, (_turn, step) => total(transactions.slice(step * 2, step * 2 + 2)));
    console.log(`${count} steps of ${size} bytes: at most ${Math.max(...steps)}, on average ${Math.round(total(transactions) / count)}`);
    expect(Math.max(...steps)).toBeLessThanOrEqual(2 * size + 1_024);
    expect((await new Checkpointer(database).getTuple(thread))?.checkpoint.channel_values["list"]).toEqual(list);
  });

  it("costs a turn no more rows and hardly more bytes after 1,000 turns than a new one, pruned or not", async () => {
    const graph = conversation(1_000);
    const turn = async (thread: ReturnType<typeof newThread>) => {
      const { thread_id: id } = thread.configurable;
      const before = (await bytesPerTransaction(id)).length;
      await graph.invoke({ messages: [new HumanMessage(noise(1_000))] }, { ...thread, durability: "sync" });
      return (await bytesPerTransaction(id)).slice(before);
    };
    // a list is stored in parts once it is longer than one message
    const fresh = newThread();
    await turn(fresh);
    const first = await turn(fresh);
    const long = newThread();
    const messages = Array.from({ length: 4_000 }, (_turn, place) => new HumanMessage({ id: `${place}`, content: noise(1_000) }));
    await graph.updateState(long, { messages }, "say");
    const later = await turn(long);
    await saver.prune(long.configurable.thread_id);
    const pruned = await turn(long);
    console.log(`a turn: ${total(first)} bytes new, ${total(later)} after 1,000 turns, ${total(pruned)} pruned`);
    for (const one of [later, pruned]) {
      expect(one).toHaveLength(first.length);
      expect(total(one)).toBeLessThanOrEqual(1.5 * total(first));
    }
  });
});
