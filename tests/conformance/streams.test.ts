import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { quietPort } from "../helpers/quiet-port.ts";
import { type ServerProcess, startServer } from "../helpers/server.ts";
import { verifies } from "./verifies.ts";
import { collect, CONFORMANCE_GRAPHS, until, world } from "./world.ts";

const here = world();

interface Event {
  id?: string;
  event: string;
  data: unknown;
}

const newThread = async () => (await here.client.threads.create()).thread_id;

type Options = NonNullable<Parameters<typeof here.client.runs.stream>[2]>;

async function streamed(graph: string, options: Options): Promise<Event[]> {
  // the SDK's event types depend on the modes, which vary here
  return (await collect(here.client.runs.stream(await newThread(), graph, options))) as Event[];
}

const data = (events: Event[], name: string) => events.filter((event) => event.event === name).map((event) => event.data);

verifies("stream.metadata", async () => {
  const events = await streamed("steps", { input: {}, streamMode: ["values", "updates", "custom"] });
  expect(events[0]).toEqual({ id: "0", event: "metadata", data: { run_id: expect.any(String), attempt: 1 } });
  expect(events.map((event) => event.id)).toEqual(events.map((_, index) => String(index)));
});

verifies("stream.values", async () => {
  const events = await streamed("steps", { input: { log: ["given"] }, streamMode: "values" });
  expect(data(events, "values")).toEqual([
    { log: ["given"] },
    { log: ["given", "one"], last: "one" },
    { log: ["given", "one", "two"], last: "two" },
    { log: ["given", "one", "two", "three"], last: "three" },
  ]);
});

verifies("stream.updates", async () => {
  const events = await streamed("steps", { input: {}, streamMode: "updates" });
  expect(data(events, "updates")).toEqual(["one", "two", "three"].map((name) => ({ [name]: { log: [name], last: name } })));
});

const HELLO = { messages: [{ type: "human", content: "Hello", id: "m1" }] };

verifies("stream.messages-tuple", async () => {
  const events = await streamed("chat", { input: HELLO, streamMode: "messages-tuple" });
  const chunks = data(events, "messages") as [{ content: string; type: string; id: string }, { langgraph_node: string }][];
  expect(chunks.length).toBeGreaterThan(2);
  expect(chunks.map(([chunk]) => chunk.content).join("")).toBe("Hello to you too");
  expect(new Set(chunks.map(([chunk]) => chunk.id)).size).toBe(1);
  expect(chunks[0]?.[0].type).toMatch(/^(?:ai|AIMessageChunk)$/);
  expect(chunks[0]?.[1].langgraph_node).toBe("agent");
});

verifies("stream.messages", async () => {
  const events = await streamed("chat", { input: HELLO, streamMode: "messages" });
  const names = events.map((event) => event.event);
  expect(names.filter((name) => name === "messages/metadata")).toHaveLength(1);
  const partial = (data(events, "messages/partial") as [{ content: string }][]).map(([message]) => message.content);
  expect(partial.length).toBeGreaterThan(2);
  expect(partial.at(-1)).toBe("Hello to you too");
  for (const [index, text] of partial.entries()) expect(text.startsWith(partial[index - 1] ?? "")).toBe(true);
});

verifies("stream.custom", async () => {
  const events = await streamed("steps", { input: {}, streamMode: "custom" });
  expect(data(events, "custom")).toEqual([{ entered: "one" }, { entered: "two" }, { entered: "three" }]);
});

verifies("stream.events", async () => {
  const events = await streamed("chat", { input: HELLO, streamMode: "events" });
  const kinds = (data(events, "events") as { event: string }[]).map((event) => event.event);
  expect(kinds).toEqual(expect.arrayContaining(["on_chain_start", "on_chat_model_start", "on_chat_model_stream", "on_chat_model_end", "on_chain_end"]));
});

verifies("stream.debug-tasks-checkpoints", async () => {
  const events = await streamed("steps", { input: {}, streamMode: ["debug", "tasks", "checkpoints"] });
  const types = (data(events, "debug") as { type: string }[]).map((event) => event.type);
  expect(types).toEqual(expect.arrayContaining(["checkpoint", "task", "task_result"]));
  expect(data(events, "tasks")).toEqual(expect.arrayContaining([expect.objectContaining({ name: "two", result: expect.anything() })]));
  expect(data(events, "checkpoints")).toEqual(
    expect.arrayContaining([expect.objectContaining({ next: ["three"], values: { log: ["one", "two"], last: "two" } })]),
  );
  expect(JSON.stringify(events)).not.toContain("__slipway");
});

verifies("stream.subgraphs", async () => {
  const events = await streamed("parent", { input: { topic: "tea" }, streamMode: ["values", "updates"], streamSubgraphs: true });
  const names = events.map((event) => event.event);
  expect(names).toContainEqual(expect.stringMatching(/^updates\|child:[0-9a-f-]{36}$/));
  expect(names).toContainEqual(expect.stringMatching(/^values\|child:[0-9a-f-]{36}$/));
});

verifies("stream.interrupt", async () => {
  const events = await streamed("ask", { input: {}, streamMode: ["values", "updates"] });
  const shown = [{ id: expect.any(String), value: { question: "first" } }];
  expect(data(events, "updates").at(-1)).toEqual({ __interrupt__: [expect.objectContaining(shown[0] ?? {})] });
  expect(data(events, "values").at(-1)).toMatchObject({ __interrupt__: [expect.objectContaining(shown[0] ?? {})] });
});

verifies("stream.error", async () => {
  const events = await streamed("boom", { input: {}, streamMode: "values" });
  expect(events.at(-1)).toMatchObject({ event: "error", data: { error: "CustomError", message: "Boo!" } });
  expect(JSON.stringify(events)).not.toContain("boom.js");
});

verifies("stream.no-end", async () => {
  const answer = await here.http("POST", `/threads/${await newThread()}/runs/stream`, { assistant_id: "steps", input: {} });
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  const text = await answer.text();
  expect(text).not.toMatch(/^event: end/m);
  expect(text).toMatch(/event: values\ndata: \{.*\}\nid: \d+\n\n$/);
});

verifies("stream.location", async () => {
  const id = await newThread();
  const answer = await here.http("POST", `/threads/${id}/runs/stream`, { assistant_id: "steps", input: {} });
  await answer.text();
  const address = answer.headers.get("content-location");
  expect(address).toMatch(new RegExp(`^/threads/${id}/runs/[0-9a-f-]{36}$`));
  expect(answer.headers.get("location")).toBe(`${address}/stream`);
});

verifies("stream.resume", async () => {
  const id = await newThread();
  let runId = "";
  const options: Options = { input: {}, streamMode: ["values", "updates", "custom"], streamResumable: true, onRunCreated: ({ run_id }) => (runId = run_id) };
  const all = (await collect(here.client.runs.stream(id, "steps", options))) as Event[];
  for (const [index, { id: seen }] of all.entries()) {
    if (seen === undefined) throw new Error("an event without id");
    expect(await collect(here.client.runs.joinStream(id, runId, { lastEventId: seen }))).toEqual(all.slice(index + 1));
  }
  for (const start of ["-1", "-"]) expect(await collect(here.client.runs.joinStream(id, runId, { lastEventId: start }))).toEqual(all);
  // without a position only what is new counts: of a run that is over nothing, and at once
  expect(await collect(here.client.runs.joinStream(id, runId))).toEqual([]);
});

verifies("stream.join-live", async () => {
  const [id, gate] = [await newThread(), here.gate()];
  const run = await here.client.runs.create(id, "gate", { input: gate.input, streamMode: ["updates"], streamResumable: true });
  await until(
    () => here.client.threads.getState<{ log?: string[] }>(id),
    ({ values }) => values.log?.includes("entered") === true,
  );
  const events: Event[] = [];
  for await (const event of here.client.runs.joinStream(id, run.run_id, { lastEventId: "-1" })) {
    events.push(event as Event);
    if (event.event === "updates" && events.length === 2) await gate.open();
  }
  expect(data(events, "updates")).toEqual([{ enter: { log: ["entered"] } }, { hold: { log: ["passed"] } }]);
});

verifies("stream.join-unknown", async () => {
  const id = await newThread();
  const unknownRun = await collect(here.client.runs.joinStream(id, randomUUID()));
  expect(unknownRun).toMatchObject([{ event: "error", data: { message: "404: Run not found" } }]);
  const unknownThread = await collect(here.client.runs.joinStream(randomUUID(), randomUUID()));
  expect(unknownThread).toMatchObject([{ event: "error", data: { error: "Error", message: "404: Thread not found" } }]);
});

verifies("stream.disconnect-cancel", async () => {
  const leave = async (onDisconnect: "cancel" | "continue") => {
    const [id, gate, client] = [await newThread(), here.gate(), new AbortController()];
    let runId = "";
    const options: Options = { input: gate.input, streamMode: "updates", onDisconnect, signal: client.signal, onRunCreated: ({ run_id }) => (runId = run_id) };
    await collect(
      (async function* () {
        for await (const event of here.client.runs.stream(id, "gate", options)) {
          if (event.event === "updates") client.abort();
          yield event;
        }
      })(),
    ).catch((error: unknown) => {
      if (!client.signal.aborted) throw error;
    });
    return { id, runId, gate };
  };
  const cancelled = await leave("cancel");
  await until(
    () => here.client.runs.get(cancelled.id, cancelled.runId),
    ({ status }) => status === "interrupted",
  );
  const kept = await leave("continue");
  await kept.gate.open();
  expect(await here.client.runs.join(kept.id, kept.runId)).toMatchObject({ log: ["entered", "passed"] });
});

verifies("stream.restart", async () => {
  const start = (environment: Record<string, string>) => startServer({ databaseUrl: here.database.url, langgraphJson: CONFORMANCE_GRAPHS, environment });
  const first = await start({ PORT: String(await quietPort()) });
  const gate = here.gate();
  const { thread_id: id } = await first.client.threads.create();
  const stream = first.client.runs.stream(id, "gate", { input: gate.input, streamMode: "updates", streamResumable: true });
  const events: Event[] = [];
  let second: ServerProcess | undefined;
  try {
    for await (const event of stream) {
      events.push(event as Event);
      if (event.event !== "updates" || second !== undefined) continue;
      // an update is told before its checkpoint stands; what has none is done again
      await until(
        () => here.client.threads.getState(id),
        ({ next }) => next[0] === "hold",
      );
      await first.stop("SIGKILL");
      second = await start({ PORT: new URL(first.url).port });
      await gate.open();
    }
    expect(data(events, "updates")).toEqual([{ enter: { log: ["entered"] } }, { hold: { log: ["passed"] } }]);
    const ids = events.map((event) => Number(event.id));
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
    expect((await here.client.threads.getState(id)).values).toMatchObject({ log: ["entered", "passed"] });
  } finally {
    await first[Symbol.asyncDispose]();
    await second?.[Symbol.asyncDispose]();
  }
});

verifies("stream.messages-complete", async () => {
  const events = await streamed("chat", { input: HELLO, streamMode: ["messages", "values"] });
  const names = events.map((event) => event.event);
  expect([...new Set(names)].toSorted()).toEqual(["messages/complete", "messages/metadata", "messages/partial", "metadata", "values"]);
  expect(names.slice(-2)).toEqual(["values", "messages/complete"]);
  const [answer] = (data(events, "messages/complete") as [{ id: string; content: string; type: string }][]).at(-1) ?? [];
  expect(answer).toMatchObject({ content: "Hello to you too", type: "ai" });
  const partial = (data(events, "messages/partial") as [{ id: string; content: string }][]).at(-1)?.[0];
  expect(partial).toMatchObject({ id: answer?.id, content: answer?.content });
});

verifies("stream.messages-subgraphs", async () => {
  const within = await streamed("desk", { input: HELLO, streamMode: ["messages-tuple"] });
  const whole = (data(within, "messages") as [{ type: string; content: string }][]).map(([message]) => message);
  expect(whole.filter(({ type }) => type === "tool")).toMatchObject([{ content: "filed" }]);
  expect(
    whole
      .slice(0, -2)
      .map(({ content }) => content)
      .join(""),
  ).toBe("Hello to you too");

  const named = await streamed("desk", { input: HELLO, streamMode: ["messages", "messages-tuple"], streamSubgraphs: true });
  const names = new Set(named.map((event) => event.event.replaceAll(/:[0-9a-f-]{36}/g, "")));
  expect([...names].toSorted()).toEqual([
    "messages/complete",
    "messages/metadata",
    "messages/partial",
    "messages|clerk|agent",
    "messages|seal",
    "messages|tool",
    "metadata",
  ]);
  const complete = data(named, "messages/complete").flat() as { id: string }[];
  expect(complete.map(({ id }) => id).filter((id) => ["m1", "t1", "a9"].includes(id))).toEqual(["m1", "t1", "a9"]);
});

verifies("stream.events-set", async () => {
  const events = await streamed("chat", { input: HELLO, streamMode: "events" });
  expect(new Set(events.map((event) => event.event))).toEqual(new Set(["metadata", "events"]));
  const kinds = new Set((data(events, "events") as { event: string }[]).map((event) => event.event));
  expect(kinds).toEqual(new Set(["on_chain_start", "on_chain_end", "on_chat_model_start", "on_chat_model_stream", "on_chat_model_end"]));
});

verifies("stream.debug-history", async () => {
  const id = await newThread();
  interface Saved {
    metadata?: { step?: number } | null;
    checkpoint: unknown;
    parent_checkpoint: unknown;
  }
  const saved = async (options: Options): Promise<Saved[]> => {
    const events = (await collect(here.client.runs.stream(id, "steps", { ...options, streamMode: "debug" }))) as Event[];
    const debugged = data(events, "debug") as { type: string; payload: Saved }[];
    return debugged.filter(({ type }) => type === "checkpoint").map(({ payload }) => payload);
  };
  const places = (states: Saved[]) => states.map(({ metadata, checkpoint, parent_checkpoint }) => ({ step: metadata?.step, checkpoint, parent_checkpoint }));
  const first = await saved({ input: {}, interruptBefore: ["two"] });
  const [head] = await here.client.threads.getHistory(id);
  if (head === undefined) throw new Error("no history");
  const then = await saved({ checkpoint: head.checkpoint });
  const history = (await here.client.threads.getHistory(id, { limit: 100 })) as Saved[];
  // going on tells the checkpoint that it goes on from
  expect(places([...first, ...then.slice(1)])).toEqual(places(history.toReversed()));
  expect(then[0]?.checkpoint).toEqual(head.checkpoint);
});

verifies("stream.subgraphs-deep", async () => {
  const id = await newThread();
  const run = async (input: unknown) =>
    (
      (await collect(
        here.client.runs.stream(id, "trip", { input: input as Record<string, unknown> | null, streamMode: ["values", "updates"], streamSubgraphs: true }),
      )) as Event[]
    ).map((event) => [event.event.replaceAll(/:[0-9a-f-]{36}/g, ""), event.data]);
  expect(await run({ city: "Rome" })).toEqual([
    ["metadata", expect.anything()],
    ["values", { city: "Rome", log: [] }],
    ["updates", { plan: { city: "Rome", log: ["plan"] } }],
    ["values", { city: "Rome", log: ["plan"] }],
    ["values|errand", { city: "Rome" }],
    ["updates|errand", { look: { city: "ROME" } }],
    ["values|errand", { city: "ROME" }],
    ["updates", { __interrupt__: [] }],
    ["values", { __interrupt__: [] }],
  ]);
  const report = "It is sunny in ROME";
  expect(await run(null)).toEqual([
    ["metadata", expect.anything()],
    ["values", { city: "Rome", log: ["plan"] }],
    ["values|errand", { city: "ROME" }],
    ["values|errand|call", { city: "ROME" }],
    ["updates|errand|call", { dial: { report } }],
    ["values|errand|call", { city: "ROME", report }],
    ["updates|errand", { call: { city: "ROME", report } }],
    ["values|errand", { city: "ROME", report }],
    ["updates", { errand: { city: "ROME", report } }],
    ["values", { city: "ROME", report, log: ["plan"] }],
    ["updates", { home: { log: ["home"] } }],
    ["values", { city: "ROME", report, log: ["plan", "home"] }],
  ]);
});

verifies("stream.breakpoint", async () => {
  const events = await streamed("steps", { input: {}, streamMode: "values", interruptBefore: ["two"] });
  expect(data(events, "values").at(-1)).toEqual({ __interrupt__: [] });
});

verifies("stream.answer-at-once", async () => {
  /** Leaves the stream at the first event that this is true of. */
  const untilSeen = async (id: string, graph: string, seen: (event: Event) => boolean): Promise<void> => {
    for await (const event of here.client.runs.stream(id, graph, { input: {}, streamMode: "updates" })) if (seen(event as Event)) return;
    throw new Error("it did not show");
  };
  for (let round = 0; round < 5; round += 1) {
    const asking = await newThread();
    await untilSeen(asking, "ask", (event) => JSON.stringify(event.data).includes("__interrupt__"));
    expect(await here.client.runs.wait(asking, "ask", { command: { resume: "yes" } })).toMatchObject({ answers: { first: "yes" }, done: true });
    const failing = await newThread();
    await untilSeen(failing, "boom", (event) => event.event === "error");
    expect(await here.client.runs.wait(failing, "steps", { input: {} })).toMatchObject({ last: "three" });
  }
});

verifies("stream.subgraphs-modes", async () => {
  const events = await streamed("trip", { input: { city: "Rome" }, streamMode: ["tasks", "debug", "checkpoints"], streamSubgraphs: true });
  const names = new Set(events.map((event) => event.event.replaceAll(/:[0-9a-f-]{36}/g, "")));
  expect([...names].toSorted()).toEqual(["checkpoints", "checkpoints|errand", "debug", "debug|errand", "metadata", "tasks", "tasks|errand"]);
  const inside = events.filter((event) => event.event.startsWith("checkpoints|")).map((event) => event.data);
  expect(inside.at(-1)).toMatchObject({ values: { city: "ROME" }, next: ["call"], checkpoint: { checkpoint_ns: expect.stringMatching(/^errand:/) } });
});

verifies("stream.tools", async () => {
  const events = await streamed("errands", { input: { messages: [] }, streamMode: ["tools", "updates"] });
  const call = { toolCallId: "call_1", name: "fetch_it" };
  expect(data(events, "tools")).toEqual([
    expect.objectContaining({ event: "on_tool_start", ...call }),
    expect.objectContaining({ event: "on_tool_end", ...call, output: expect.objectContaining({ content: "fetched milk", type: "tool" }) }),
  ]);
  expect(data(events, "updates").at(-1)).toMatchObject({ tools: { messages: [{ content: "fetched milk", tool_call_id: "call_1" }] } });
});

verifies("stream.mixed", async () => {
  const events = await streamed("steps", { input: {}, streamMode: ["events", "values", "updates", "custom"] });
  expect(new Set(events.map((event) => event.event))).toEqual(new Set(["metadata", "events", "values", "updates", "custom"]));
  expect(data(events, "values").at(-1)).toEqual({ log: ["one", "two", "three"], last: "three" });
  expect(data(events, "updates")).toHaveLength(3);
  expect(data(events, "custom")).toHaveLength(3);
});

verifies("stream.join-modes", async () => {
  const id = await newThread();
  const run = await here.client.runs.create(id, "steps", { input: {}, streamMode: ["values", "updates", "custom"], streamResumable: true });
  const joined = async (streamMode: ("values" | "custom")[]) => {
    const events = (await collect(here.client.runs.joinStream(id, run.run_id, { lastEventId: "-1", streamMode }))) as Event[];
    return new Set(events.map((event) => event.event));
  };
  expect(await joined(["custom"])).toEqual(new Set(["metadata", "custom"]));
  expect(await joined(["values", "custom"])).toEqual(new Set(["metadata", "values", "custom"]));
  // as SDK 0.x and 2.0 write a list
  const asJson = await here.http("GET", `/threads/${id}/runs/${run.run_id}/stream?stream_mode=${encodeURIComponent('["values","custom"]')}`, undefined, {
    "last-event-id": "-1",
  });
  const names = (await asJson.text()).matchAll(/^event: (.*)$/gm);
  expect(new Set([...names].map((line) => line[1]))).toEqual(new Set(["metadata", "values", "custom"]));
});

verifies("stream.join-cancel", async () => {
  const [id, gate, client] = [await newThread(), here.gate(), new AbortController()];
  const run = await here.client.runs.create(id, "gate", { input: gate.input, streamMode: "updates", streamResumable: true });
  const joined = here.client.runs.joinStream(id, run.run_id, { lastEventId: "-1", cancelOnDisconnect: true, signal: client.signal });
  try {
    for await (const event of joined) if (event.event === "updates") client.abort();
  } catch (error) {
    if (!client.signal.aborted) throw error;
  }
  await until(
    () => here.client.runs.get(id, run.run_id),
    ({ status }) => status === "interrupted",
  );
});
