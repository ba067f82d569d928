import { cp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { testDatabase } from "../../helpers/database.ts";
import { LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const OURS = dirname(dirname(fileURLToPath(import.meta.resolve("@langchain/langgraph"))));

const GRAPH = `
import { FakeListChatModel } from "@langchain/core/utils/testing";
import { Annotation, StateGraph } from "@langchain/langgraph";
const model = new FakeListChatModel({ responses: ["hello"] });
const State = Annotation.Root({ text: Annotation() });
export const heard = [];
export const graph = new StateGraph(State)
  .addNode("greet", async (_state, config) => ({ text: (await model.invoke("hi", config)).content }))
  .addEdge("__start__", "greet")
  .compile()
  .withConfig({ callbacks: [{ handleChatModelStart: () => void heard.push("model") }] });
`;

/** What LangGraph 0.3.12 to 1.2.9 do with the handlers of `withConfig`: a manager would become one of them. */
const OLDER = `callbacks: ((one, other) => (one && other ? [one, other].flat() : one || other))(this.config?.callbacks, options?.callbacks),`;

test("a project's own older LangGraph, with handlers of its own, tells what its models do", async () => {
  const folder = temporaryFolder("older");
  const langgraph = join(folder, "node_modules/@langchain/langgraph");
  await cp(OURS, langgraph, { recursive: true });
  const file = join(langgraph, "dist/pregel/index.js");
  const text = await readFile(file, "utf8");
  const older = text.replace(/(streamEvents\(input, options, streamOptions\)[\s\S]*?\.\.\.options,)/u, `$1 ${OLDER}`);
  expect(older).not.toBe(text);
  await writeFile(file, older);
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "graph.js"), GRAPH);
  await writeFile(join(folder, "langgraph.json"), '{ "graphs": { "chat": "./graph.js:graph" } }');

  const { database } = await testDatabase();
  await using runtime = await testRuntime(database, { configPath: join(folder, "langgraph.json"), makeRunPorts: null });
  await runtime.start();
  const { thread_id } = await runtime.services.threads.create(LOCAL, {});
  for (const mode of ["events", "values"] as const) {
    const asked = { assistant_id: "chat", input: { text: "" }, stream_mode: [mode] };
    const { stream } = await runtime.services.runs.stream(LOCAL, thread_id, asked, { ...NO_HEADERS, signal: new AbortController().signal });
    for await (const frame of stream) expect([frame.event, frame.data]).not.toEqual(["error", expect.anything()]);
  }
  const told = () => database.sql`
    select data ->> 'node' as node from (select type, data from events union all select type, data from event_intake) as e where type = 'model.completed'`;
  expect(await told()).toEqual([{ node: "greet" }, { node: "greet" }]);
  const { heard } = (await import(join(folder, "graph.js"))) as { heard: string[] };
  // A LangGraph that merges them twice tells its own handlers twice of a run with `events`, wherever it runs.
  expect(heard.length).toBeGreaterThanOrEqual(2);
});
