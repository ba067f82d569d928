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
  const context = schemaOf(builder["_configRuntimeSchema"], "getJsonSchema") ?? typed?.context ?? { $schema: DRAFT, type: "object", properties: {} };
  return { state, input, output, context };
}

function draft(schemas: ExtractedSchemas | null): ExtractedSchemas | null {
  if (schemas === null) return null;
  const marked = (schema: JsonSchema | null) => (schema === null ? null : { $schema: DRAFT, ...schema });
  return { state: marked(schemas.state), input: marked(schemas.input), output: marked(schemas.output), context: marked(schemas.context) };
}

function schemaOf(definition: unknown, method: "getJsonSchema" | "getInputJsonSchema"): JsonSchema | null {
  if (!isDictionary(definition)) return null;
  try {
    const own = definition[method];
    const made: unknown = typeof own === "function" ? own.call(definition) : toJsonSchema(definition as unknown as Parameters<typeof toJsonSchema>[0]);
    return isDictionary(made) && Object.keys(made).length > 0 ? { $schema: DRAFT, ...made } : null;
  } catch {
    // a schema with something that JSON Schema cannot say (a transform, a custom check) is described by its fields
    return null;
  }
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
