import { Annotation, Command, MemorySaver, Send, StateGraph } from "@langchain/langgraph";
import { RemoteGraph } from "@langchain/langgraph/remote";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { collect, world } from "./world.ts";

const here = world();

const remote = (graphId: string) => new RemoteGraph({ graphId, url: here.server.url });
const onThread = async () => ({ configurable: { thread_id: (await here.client.threads.create()).thread_id } });
const log = () => Annotation<string[]>({ reducer: (_old, given) => given, default: () => [] });

verifies("remote.stream", async () => {
  const graph = remote("steps");
  expect(await graph.invoke({ log: ["given"] })).toEqual({ log: ["given", "one", "two", "three"], last: "three" });
  const streamed = async (streamMode: "values" | "updates" | "custom" | "tasks" | "debug") => collect(await graph.stream({}, { streamMode }));
  expect((await streamed("values")).at(-1)).toEqual({ log: ["one", "two", "three"], last: "three" });
  expect(await streamed("updates")).toEqual(["one", "two", "three"].map((name) => ({ [name]: { log: [name], last: name } })));
  expect(await streamed("custom")).toEqual([{ entered: "one" }, { entered: "two" }, { entered: "three" }]);
  expect(await streamed("tasks")).toHaveLength(6);
  expect((await streamed("debug")).length).toBeGreaterThan(6);
  const several = await collect(await graph.stream({}, { streamMode: ["values", "updates"] }));
  expect(several.at(-1)).toEqual(["values", { log: ["one", "two", "three"], last: "three" }]);
  const words = await collect(await remote("chat").stream({ messages: [{ role: "user", content: "Hello" }] }, { streamMode: "messages" }));
  const chunks = words as unknown as [{ content: string }, { langgraph_node: string }][];
  expect(chunks.map(([chunk]) => chunk.content).join("")).toBe("Hello to you too");
  expect(chunks[0]?.[1].langgraph_node).toBe("agent");
});

verifies("remote.state", async () => {
  const graph = remote("trip");
  const config = await onThread();
  await expect(graph.invoke({ city: "Rome" }, config)).rejects.toMatchObject({ name: "GraphInterrupt" });
  expect(await graph.getState(config)).toMatchObject({
    values: { city: "Rome", log: ["plan"] },
    next: ["errand"],
    config: { configurable: config.configurable },
  });
  const deep = await graph.getState(config, { subgraphs: true });
  expect(deep.tasks[0]?.state).toMatchObject({ values: { city: "ROME" }, next: ["call"] });
  const history = await collect(graph.getStateHistory(config));
  expect(history.map((state) => state.next[0])).toEqual(["errand", "plan", "__start__"]);
  const newest = history[0];
  if (newest === undefined) throw new Error("no history");
  const before = await collect(graph.getStateHistory(config, { before: newest.config }));
  expect(before.map((state) => state.next[0])).toEqual(["plan", "__start__"]);
  expect(await collect(graph.getStateHistory(config, { limit: 1 }))).toHaveLength(1);
  const updated = await graph.updateState(config, { log: ["by hand"] }, "plan");
  expect(updated.configurable).toMatchObject({ ...config.configurable, checkpoint_ns: "", checkpoint_id: expect.any(String) });
  expect((await graph.getState(config)).values).toMatchObject({ log: ["plan", "by hand"] });
});

verifies("remote.graph", async () => {
  const drawn = await remote("trip").getGraphAsync({ xray: true });
  expect(Object.keys(drawn.nodes)).toEqual(["__start__", "plan", "errand:look", "errand:call", "home", "__end__"]);
  const subgraphs = await collect(remote("trip").getSubgraphsAsync(undefined, true));
  expect(subgraphs.map(([name]) => name)).toEqual(["errand", "errand|call"]);
});

verifies("remote.interrupt", async () => {
  const config = await onThread();
  await expect(remote("ask").invoke({}, config)).rejects.toMatchObject({ name: "GraphInterrupt", interrupts: [{ value: { question: "first" } }] });
  expect(await remote("ask").invoke(new Command({ resume: "yes" }), config)).toEqual({ answers: { first: "yes" }, done: true });
  const elsewhere = await onThread();
  await remote("crossing").invoke({ way: "left" }, elsewhere);
  const carried = await remote("crossing").invoke(new Command({ goto: new Send("carry", { load: "it" }) }), elsewhere);
  expect(carried).toEqual({ way: "left", log: ["choose left", "left", "carry it"] });
});

verifies("remote.node", async () => {
  const State = Annotation.Root({ log: log(), last: Annotation<string>() });
  const around = (graphId: string) =>
    new StateGraph(State)
      // a RemoteGraph is a Runnable whose types know nothing of this state
      .addNode("inner", remote(graphId) as never)
      .addNode("after", (state) => ({ last: `after ${state.last}` }))
      .addEdge("__start__", "inner")
      .addEdge("inner", "after")
      .addEdge("after", "__end__")
      .compile({ checkpointer: new MemorySaver() });
  expect(await around("steps").invoke({}, await onThread())).toEqual({ log: ["one", "two", "three"], last: "after three" });
  const events = await collect(await around("steps").stream({}, { ...(await onThread()), streamMode: ["updates", "custom"], subgraphs: true }));
  const shown = events.map((event) => {
    const [namespace, mode, data] = event as unknown as [string[], string, Record<string, unknown>];
    return [namespace.map((part) => part.split(":")[0]).join("|"), mode, Object.keys(data)[0]];
  });
  expect(shown).toEqual([
    ...["one", "two", "three"].flatMap((name) => [
      ["inner", "custom", "entered"],
      ["inner", "updates", name],
    ]),
    ["", "updates", "inner"],
    ["", "updates", "after"],
  ]);
  const config = await onThread();
  expect(await around("ask").invoke({}, config)).toMatchObject({ __interrupt__: [{ value: { question: "first" } }] });
  // the question waits on the thread of the same id
  expect((await here.client.threads.get(config.configurable.thread_id)).status).toBe("interrupted");
  await expect(around("boom").invoke({}, await onThread())).rejects.toThrowError(/CustomError.*Boo!/);
});
