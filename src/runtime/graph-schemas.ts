import { toJsonSchema } from "@langchain/core/utils/json_schema";
import type { ExtractedSchemas } from "./typescript-schemas/extract.ts";
import type { RunnableGraph } from "./graph-shape.ts";

type JsonSchema = Record<string, unknown>;

export interface GraphSchemas {
  state: JsonSchema;
  input: JsonSchema;
  output: JsonSchema;
  context: JsonSchema;
}

const DRAFT = "http://json-schema.org/draft-07/schema#";

/**
 * JSON Schemas of a graph, from what its builder knows at run time: zod and StateSchema in full. The types of annotations are gone once
 * TypeScript is stripped: they are read from the source, or, where there is none, told by the names of their fields.
 *
 * @param fromSource asked only when the graph itself does not know; it may take seconds
 */
export async function graphSchemas(graph: RunnableGraph, fromSource: () => Promise<ExtractedSchemas | null> = async () => null): Promise<GraphSchemas> {
  const builder = isDictionary(graph.builder) ? graph.builder : {};
  const known = schemaOf(builder["_schemaRuntimeDefinition"], "getJsonSchema");
  const typed = known === null ? draft(await fromSource()) : null;
  const state = known ?? typed?.state ?? fieldsOf(Object.keys(graph.channels).filter(isField));
  const input =
    schemaOf(builder["_inputRuntimeDefinition"], "getInputJsonSchema") ?? typed?.input ?? (isEmptySchema(state) ? state : { ...state, required: [] });
  const output = schemaOf(builder["_outputRuntimeDefinition"], "getJsonSchema") ?? typed?.output ?? state;
  const context = schemaOf(builder["_configRuntimeSchema"], "getInputJsonSchema") ?? typed?.context ?? { $schema: DRAFT, type: "object", properties: {} };
  return { state, input, output, context };
}

function draft(schemas: ExtractedSchemas | null): ExtractedSchemas | null {
  if (schemas === null) return null;
  const marked = (schema: JsonSchema | null) => (schema === null ? null : { $schema: DRAFT, ...schema });
  const { state, input, output, context } = schemas;
  // a graph may take nothing, and have a state all the same
  const told = saysNothing(state) ? { state: null, input: somethingOf(input), output: somethingOf(output) } : { state, input, output };
  return { state: marked(told.state), input: marked(told.input), output: marked(told.output), context: marked(optional(context)) };
}

/** The type of a state that was cast to `any` holds everything and says nothing. */
function saysNothing(schema: JsonSchema | null): boolean {
  return isDictionary(schema?.["properties"]) && Object.keys(schema["properties"]).length === 0;
}

function somethingOf(schema: JsonSchema | null): JsonSchema | null {
  return saysNothing(schema) ? null : schema;
}

/** An annotation cannot say that a run need not give a field, and LangGraph asks for none of them. */
function optional(schema: JsonSchema | null): JsonSchema | null {
  if (schema === null) return null;
  const { required: _required, ...rest } = schema;
  return rest;
}

function schemaOf(definition: unknown, method: "getJsonSchema" | "getInputJsonSchema"): JsonSchema | null {
  if (!isDictionary(definition)) return null;
  try {
    const own = definition[method];
    const made: unknown = typeof own === "function" ? own.call(definition) : fromZod(definition, method === "getInputJsonSchema" ? "input" : "output");
    return isDictionary(made) && Object.keys(made).length > 0 ? { $schema: DRAFT, ...made } : null;
  } catch {
    // a schema with something that JSON Schema cannot say (a transform, a custom check) is described by its fields
    return null;
  }
}

/** `input`: what need not be given because it has a default is not asked for. */
function fromZod(definition: object, io: "input" | "output"): unknown {
  return toJsonSchema(definition as Parameters<typeof toJsonSchema>[0], { io, target: "draft-7" });
}

function fieldsOf(names: string[]): JsonSchema {
  const properties = Object.fromEntries(names.map((name) => [name, name === "messages" ? MESSAGES : {}]));
  return { $schema: DRAFT, type: "object", properties };
}

const MESSAGES = { type: "array", items: { type: "object", properties: { type: { type: "string" }, content: {} } } };

/** Channels that a graph makes for itself are not fields of its state. */
function isField(channel: string): boolean {
  return !channel.startsWith("__") && !channel.startsWith("branch:") && !channel.startsWith("join:");
}

function isEmptySchema(schema: JsonSchema): boolean {
  return !isDictionary(schema["properties"]);
}

function isDictionary(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
