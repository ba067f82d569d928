import { toJsonSchema } from "@langchain/core/utils/json_schema";
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
 * JSON Schemas of a graph, from what its builder knows at run time: zod and StateSchema in full, annotations by the names of their fields
 * (their types are gone once TypeScript is stripped).
 */
export async function graphSchemas(graph: RunnableGraph): Promise<GraphSchemas> {
  const builder = isDictionary(graph.builder) ? graph.builder : {};
  const state = schemaOf(builder["_schemaRuntimeDefinition"], "getJsonSchema") ?? fieldsOf(Object.keys(graph.channels).filter(isField));
  const input = schemaOf(builder["_inputRuntimeDefinition"], "getInputJsonSchema") ?? (isEmptySchema(state) ? state : { ...state, required: [] });
  const output = schemaOf(builder["_outputRuntimeDefinition"], "getJsonSchema") ?? state;
  const context = schemaOf(builder["_configRuntimeSchema"], "getJsonSchema") ?? { $schema: DRAFT, type: "object", properties: {} };
  return { state, input, output, context };
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
