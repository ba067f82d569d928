import { randomUUID } from "node:crypto";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { Command, DeltaValue, END, interrupt, MessagesValue, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { longList, putValues } from "../helpers/checkpoints.ts";
import { testDatabase } from "../helpers/database.ts";

const { database } = await testDatabase();
const { sql } = database;
const saver = new Checkpointer(database);
const newThread = () => ({ configurable: { thread_id: randomUUID() } });

async function rowBytes(threadId: string): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`
    select ((select coalesce(sum(pg_column_size(t.*) - 24), 0) from checkpoints t where thread_id = ${threadId}) + (select coalesce(sum(pg_column_size(t.*) - 24), 0) from checkpoint_blobs t where thread_id = ${threadId})
      + (select coalesce(sum(pg_column_size(t.*) - 24), 0) from checkpoint_writes t where thread_id = ${threadId}) + (select coalesce(sum(pg_column_size(t.*) - 24), 0) from checkpoint_parts t where thread_id = ${threadId}))::int as bytes`;
  return row?.bytes ?? -1;
}

async function counts(threadId: string): Promise<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const table of ["checkpoints", "checkpoint_blobs", "checkpoint_writes", "checkpoint_parts"]) {
    const [row] = await sql<{ count: number }[]>`select count(*)::int as count from ${sql(table)} where thread_id = ${threadId}`;
    result[table] = row?.count ?? -1;
  }
  return result;
}

/** Text that no compression makes smaller. */
const noise = (bytes: number) =>
  Array.from({ length: Math.ceil(bytes / 32) }, () => randomUUID().replaceAll("-", ""))
    .join("")
    .slice(0, bytes);

describe("long lists", () => {
  it("keep what a node changes in place in a message that was stored before", async () => {
    const graph = new StateGraph(new StateSchema({ messages: MessagesValue }))
      .addNode("change", ({ messages }) => {
        const [first] = messages;
        if (first === undefined) throw new Error("no message");
        first.content = `${String(first.content)}, changed`;
        first.additional_kwargs["seen"] = [...((first.additional_kwargs["seen"] as number[] | undefined) ?? []), messages.length];
        return { messages: [first, new AIMessage(noise(300))] };
      })
      .addEdge(START, "change")
      .addEdge("change", END)
      .compile({ checkpointer: saver });
    const thread = newThread();
    for (let turn = 0; turn < 3; turn += 1) await graph.invoke({ messages: [new HumanMessage({ id: `${turn}`, content: noise(300) })] }, thread);
    const stored = (await new Checkpointer(database).getTuple(thread))?.checkpoint.channel_values["messages"] as HumanMessage[];
    expect(stored).toHaveLength(6);
    expect(stored[0]?.additional_kwargs).toEqual({ seen: [1, 3, 5] });
    expect(String(stored[0]?.content).split(", changed")).toHaveLength(4);
  });

  it("write at most twice the new content and a kilobyte a step", async () => {
    const thread = newThread();
    const threadId = thread.configurable.thread_id;
    const size = 1_000;
    const list = Array.from({ length: 200 }, () => noise(size));
    let { config, checkpoint } = await putValues(saver, thread, { list });
    const written: number[] = [];
    for (let step = 1; step <= 60; step += 1) {
      const before = await rowBytes(threadId);
      const added = noise(size);
      await saver.putWrites(config, [["list", [added]]], randomUUID());
      list.push(added);
      ({ config, checkpoint } = await putValues(saver, config, { list: [...list] }, { step, parent: checkpoint }));
      written.push((await rowBytes(threadId)) - before);
    }
    // whole rows with their ids, without the 24 bytes of header that every row of PostgreSQL has
    expect(Math.max(...written)).toBeLessThanOrEqual(2 * size + 1_024);
    expect((await new Checkpointer(database).getTuple(thread))?.checkpoint.channel_values["list"]).toEqual(list);
  });

  it("shrink, change in the middle and empty again as they should", async () => {
    const thread = newThread();
    let list: unknown[] = longList(100);
    let { config, checkpoint } = await putValues(saver, thread, { list });
    const changes: ((before: unknown[]) => unknown[])[] = [
      (before) => before.slice(10),
      (before) => before.with(5, { changed: true, bytes: new Uint8Array([1, 2, 3]), set: new Set([1]) }),
      (before) => [...before, undefined, null, "\0\ud800", new Map([["a", 1]])],
      (before) => [new HumanMessage({ id: "1", content: "hi" }), ...before],
      () => [new Uint8Array(2_000), "after bytes"],
      () => [],
      () => [..."x".repeat(2_000)],
    ];
    for (const [step, change] of changes.entries()) {
      list = change(list);
      ({ config, checkpoint } = await putValues(saver, config, { list }, { step: step + 1, parent: checkpoint }));
      const read = await new Checkpointer(database).getTuple(config);
      expect(read?.checkpoint.channel_values["list"]).toEqual(list);
    }
  });

  it("stay whole although this process believes parts to be stored that another one deleted", async () => {
    const thread = newThread();
    const list = longList(50);
    const first = await putValues(saver, thread, { list });
    const other = new Checkpointer(database);
    await other.deleteThread(thread.configurable.thread_id);
    await putValues(saver, thread, { list }, { step: 1, parent: first.checkpoint });
    expect((await other.getTuple(thread))?.checkpoint.channel_values["list"]).toEqual(list);
  });

  it("stay whole while they are written, pruned and deleted at once", async () => {
    const thread = newThread();
    const threadId = thread.configurable.thread_id;
    const writers = [new Checkpointer(database), new Checkpointer(database)];
    let done = false;
    const sweeping = (async () => {
      for (let round = 0; !done; round += 1) {
        await saver.prune(threadId);
        if (round % 7 === 6) await saver.deleteThread(threadId);
      }
    })();
    const reading = (async () => {
      // a list that misses a part throws
      while (!done) await new Checkpointer(database).getTuple(thread);
    })();
    await Promise.all(
      writers.map(async (writer, mark) => {
        for (let round = 0; round < 60; round += 1) {
          await putValues(writer, thread, { list: longList(20 + (round % 15), `writer ${mark}`) }, { step: round });
        }
      }),
    );
    done = true;
    await Promise.all([sweeping, reading]);
    const end = await putValues(writers[0] ?? saver, thread, { list: longList(30, "end") }, { step: 100 });
    expect((await saver.getTuple(end.config))?.checkpoint.channel_values["list"]).toEqual(longList(30, "end"));
    await saver.deleteThread(threadId);
    expect(await counts(threadId)).toEqual({ checkpoints: 0, checkpoint_blobs: 0, checkpoint_writes: 0, checkpoint_parts: 0 });
  });
});

describe("text that PostgreSQL refuses", () => {
  it("survives in values, writes and metadata", async () => {
    const thread = newThread();
    const odd = "nul \0 half \ud800 whole 😀 escape \\u0000";
    const { config } = await putValues(saver, thread, { text: odd, list: [odd, ...longList(5)] }, { metadata: { note: odd, [odd]: 1 } });
    await saver.putWrites(config, [["text", { odd }]], "task");
    const tuple = await new Checkpointer(database).getTuple(thread);
    expect(tuple?.checkpoint.channel_values).toEqual({ text: odd, list: [odd, ...longList(5)] });
    expect(tuple?.metadata).toMatchObject({ note: odd, [odd]: 1 });
    expect(tuple?.pendingWrites).toEqual([["task", "text", { odd }]]);
    const listed = [];
    for await (const one of saver.list(thread, { filter: { note: odd } })) listed.push(one);
    expect(listed).toHaveLength(1);
  });

  it("is refused in ids", async () => {
    await expect(putValues(saver, { configurable: { thread_id: "a\0b" } }, {})).rejects.toMatchObject({ code: "invalid_request" });
    await expect(saver.getTuple({ configurable: { thread_id: "t", checkpoint_ns: "\ud800" } })).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("rows of the official PostgresSaver", () => {
  it("are read, listed and gone on from", async () => {
    const threadId = randomUUID();
    const thread = { configurable: { thread_id: threadId } };
    const [first, second] = ["1f0a6a50-0000-6000-8000-000000000001", "1f0a6a50-0000-6000-8001-000000000002"];
    const message = JSON.stringify([new HumanMessage({ id: "m1", content: "hello" })]);
    const at = (id: string, versions: Record<string, number>) => sql`
      insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
      values (${threadId}, '', ${id}, ${id === first ? null : first}, ${JSON.stringify({ v: 4, id, ts: "2026-01-01T00:00:00.000Z", versions_seen: { __input__: {} }, channel_versions: versions, pending_sends: [] })}::jsonb,
        ${JSON.stringify({ source: "loop", step: id === first ? 0 : 1, parents: {} })}::jsonb)`;
    await at(first, { messages: 1, __start__: 1 });
    await at(second, { messages: 2, __start__: 2, "branch:to:answer": 2, raw: 2, nothing: 1 });
    await sql`
      insert into checkpoint_blobs (thread_id, channel, version, type, blob) values
        (${threadId}, 'messages', '1', 'json', ${Buffer.from("[]")}), (${threadId}, '__start__', '1', 'json', ${Buffer.from('{"messages":[]}')}),
        (${threadId}, 'messages', '2', 'json', ${Buffer.from(message)}), (${threadId}, '__start__', '2', 'empty', null),
        (${threadId}, 'branch:to:answer', '2', 'json', ${Buffer.from("null")}), (${threadId}, 'raw', '2', 'bytes', ${Buffer.from([0, 255])}), (${threadId}, 'nothing', '1', 'empty', ${Buffer.alloc(0)})`;
    await sql`
      insert into checkpoint_writes (thread_id, checkpoint_id, task_id, idx, channel, type, blob)
      values (${threadId}, ${second}, 't', 1, 'b', 'json', ${Buffer.from('{"lc":2,"type":"undefined"}')}), (${threadId}, ${second}, 't', 0, 'a', 'json', ${Buffer.from("1")})`;

    const tuple = await saver.getTuple(thread);
    expect(tuple?.config.configurable).toMatchObject({ checkpoint_id: second });
    expect(tuple?.parentConfig?.configurable).toMatchObject({ checkpoint_id: first });
    const messages = tuple?.checkpoint.channel_values["messages"] as HumanMessage[];
    expect(messages[0]).toBeInstanceOf(HumanMessage);
    expect(tuple?.checkpoint.channel_values).toMatchObject({ "branch:to:answer": null, raw: Buffer.from([0, 255]) });
    expect(Object.keys(tuple?.checkpoint.channel_values ?? {})).not.toContain("nothing");
    expect(tuple?.pendingWrites).toEqual([
      ["t", "a", 1],
      ["t", "b", undefined],
    ]);

    const State = new StateSchema({ messages: MessagesValue });
    const graph = new StateGraph(State)
      .addNode("answer", (state) => ({ messages: [new AIMessage(`after ${state.messages.length}`)] }))
      .addEdge(START, "answer")
      .addEdge("answer", END)
      .compile({ checkpointer: new Checkpointer(database) });
    const result = await graph.invoke({ messages: [new HumanMessage("again")] }, thread);
    expect(result.messages.map((one) => one.content)).toEqual(["hello", "again", "after 2"]);
  });

  it("with sends kept in the parent (before format 4) are read", async () => {
    const threadId = randomUUID();
    await sql`insert into checkpoints (thread_id, checkpoint_id, checkpoint) values (${threadId}, '1', ${JSON.stringify({ v: 3, id: "1", channel_versions: {}, versions_seen: {} })}::jsonb)`;
    await sql`insert into checkpoints (thread_id, checkpoint_id, parent_checkpoint_id, checkpoint) values (${threadId}, '2', '1', ${JSON.stringify({ v: 3, id: "2", channel_versions: { a: 3 }, versions_seen: {} })}::jsonb)`;
    await sql`insert into checkpoint_writes values (${threadId}, '', '1', 't', 0, '__pregel_tasks', 'json', ${Buffer.from('{"node":"n","args":{}}')})`;
    const tuple = await saver.getTuple({ configurable: { thread_id: threadId } });
    expect(tuple?.checkpoint.channel_values["__pregel_tasks"]).toEqual([{ node: "n", args: {} }]);
    expect(tuple?.checkpoint.channel_versions["__pregel_tasks"]).toBe(3);
  });
});

const Talk = new StateSchema({ messages: MessagesValue, verdict: z.string().default("") });

/** Two turns of chat; then a subgraph that asks. */
function talkGraph() {
  const child = new StateGraph(Talk)
    .addNode("ask", () => ({ verdict: String((interrupt("sure?") as { ok: boolean }).ok) }))
    .addEdge(START, "ask")
    .addEdge("ask", END)
    .compile();
  return new StateGraph(Talk)
    .addNode("say", (state) => ({ messages: [new AIMessage({ id: `a${state.messages.length}`, content: "said ".repeat(100) })] }))
    .addNode("decide", child)
    .addEdge(START, "say")
    .addConditionalEdges("say", (state) => (state.messages.length >= 4 ? "decide" : END), ["decide", END])
    .addEdge("decide", END)
    .compile({ checkpointer: saver });
}

describe("retention", () => {
  it("prunes to the newest checkpoint and a paused subgraph can still be answered", async () => {
    const graph = talkGraph();
    const thread = newThread();
    const threadId = thread.configurable.thread_id;
    for (const id of ["1", "2"])
      await graph.invoke({ messages: [new HumanMessage({ id, content: "hello ".repeat(100) })] }, { ...thread, metadata: { run_id: id } });
    const before = await graph.getState(thread, { subgraphs: true });
    expect(before.tasks[0]?.interrupts).toHaveLength(1);
    const pruned = await saver.prune(threadId);
    expect(pruned).toBeGreaterThan(3);
    const after = await graph.getState(thread, { subgraphs: true });
    expect(after.values).toEqual(before.values);
    expect(await counts(threadId)).toMatchObject({ checkpoints: 2 });
    const result = await graph.invoke(new Command({ resume: { ok: true } }), thread);
    expect(result.verdict).toBe("true");
    expect(await saver.prune(threadId)).toBeGreaterThan(0);
    // the subgraph is over: its namespace went too, and nothing is left that nobody needs
    const left = await counts(threadId);
    expect(left["checkpoints"]).toBe(1);
    expect((await graph.getState(thread)).values["messages"]).toHaveLength(4);
    expect(await saver.prune(threadId)).toBe(0);
    expect(await counts(threadId)).toEqual(left);
  });

  it("keeps the ancestors that a DeltaChannel is rebuilt from", async () => {
    const State = new StateSchema({
      log: new DeltaValue(
        z.array(z.string()).default(() => []),
        { reducer: (one: string[], two: string[][]) => [...one, ...two.flat()], snapshotFrequency: 100 },
      ),
    });
    const graph = new StateGraph(State)
      .addNode("add", () => ({ log: ["node"] }))
      .addEdge(START, "add")
      .addEdge("add", END)
      .compile({ checkpointer: saver });
    const thread = newThread();
    for (let turn = 0; turn < 3; turn += 1) await graph.invoke({ log: [`input ${turn}`] }, thread);
    const before = (await graph.getState(thread)).values as unknown;
    await saver.prune(thread.configurable.thread_id);
    expect((await graph.getState(thread)).values).toEqual(before);
  });

  it("deletes what a run wrote", async () => {
    const graph = talkGraph();
    const thread = newThread();
    const threadId = thread.configurable.thread_id;
    await graph.invoke({ messages: [new HumanMessage({ id: "1", content: "hello ".repeat(300) })] }, { ...thread, metadata: { run_id: "run-1" } });
    const before = { values: (await graph.getState(thread)).values as unknown, counts: await counts(threadId) };
    await graph.invoke({ messages: [new HumanMessage({ id: "2", content: "more ".repeat(300) })] }, { ...thread, metadata: { run_id: "run-2" } });
    expect(await saver.deleteForRuns(threadId, ["run-2"])).toBeGreaterThan(1);
    expect((await graph.getState(thread)).values).toEqual(before.values);
    expect(await counts(threadId)).toEqual(before.counts);
  });

  it("copies a thread that then lives on its own", async () => {
    const graph = talkGraph();
    const [from, to] = [newThread(), newThread()];
    await graph.invoke({ messages: [new HumanMessage({ id: "1", content: "hello ".repeat(300) })] }, from);
    await saver.copyThread(from.configurable.thread_id, to.configurable.thread_id);
    const source = await graph.getState(from);
    await graph.invoke({ messages: [new HumanMessage({ id: "2", content: "more" })] }, from);
    await saver.deleteThread(from.configurable.thread_id);
    expect((await graph.getState(to)).values).toEqual(source.values);
    const result = await graph.invoke({ messages: [new HumanMessage({ id: "3", content: "mine" })] }, to);
    expect(result.messages?.map((message) => message.id)).toContain("3");
  });
});

describe("list", () => {
  it("reads page by page and stops when nobody takes more", async () => {
    const thread = newThread();
    for (let step = 0; step < 45; step += 1) await putValues(saver, thread, { step }, { step });
    const steps = [];
    for await (const tuple of saver.list(thread)) steps.push(tuple.metadata?.step);
    expect(steps).toEqual(Array.from({ length: 45 }, (_, place) => 44 - place));
    const some = [];
    for await (const tuple of saver.list(thread, { limit: 25 })) some.push(tuple.metadata?.step);
    expect(some).toHaveLength(25);
    for await (const tuple of saver.list(thread)) {
      expect(tuple.metadata?.step).toBe(44);
      break;
    }
  });
});
