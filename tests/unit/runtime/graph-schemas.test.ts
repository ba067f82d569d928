import { Annotation, END, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { expect, test } from "vitest";
import { z } from "zod";
import { graphSchemas } from "#runtime/graph-schemas.ts";
import type { RunnableGraph } from "#runtime/graph-shape.ts";

const DRAFT = "http://json-schema.org/draft-07/schema#";
const Context = z.object({ user: z.string(), depth: z.number().default(3) });

// a compiled graph is what loads as one
const runnable = (graph: unknown) => graph as RunnableGraph;

test("a context in zod asks for what has no default, in the draft that clients read", async () => {
  const graph = new StateGraph(new StateSchema({ title: z.string() }), { context: Context })
    .addNode("one", () => ({}))
    .addEdge(START, "one")
    .addEdge("one", END)
    .compile();
  const { context } = await graphSchemas(runnable(graph));
  expect(context).toMatchObject({ $schema: DRAFT, properties: { user: { type: "string" }, depth: { default: 3 } }, required: ["user"] });
});

test("a state in zod is told in the draft that clients read", async () => {
  const graph = new StateGraph(z.object({ count: z.number().default(2), text: z.string() }))
    .addNode("one", () => ({}))
    .addEdge(START, "one")
    .addEdge("one", END)
    .compile();
  const { state, input, output } = await graphSchemas(runnable(graph));
  for (const schema of [state, input, output])
    expect(schema).toMatchObject({ $schema: DRAFT, properties: { count: { type: "number" }, text: { type: "string" } } });
  expect(state["required"]).toEqual(["count", "text"]);
});

test("a state whose type says nothing is told by the names of its fields", async () => {
  const graph = new StateGraph(Annotation.Root({ city: Annotation<string>(), days: Annotation<number>() }))
    .addNode("one", () => ({}))
    .addEdge(START, "one")
    .addEdge("one", END)
    .compile();
  const any = { type: "object", properties: {}, additionalProperties: {} };
  const { state, input, output } = await graphSchemas(runnable(graph), async () => ({ state: any, input: any, output: any, context: null }));
  for (const schema of [state, input, output]) expect(schema).toMatchObject({ properties: { city: {}, days: {} } });
});
