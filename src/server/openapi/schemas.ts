import { z } from "zod";

/** JSON Schema as it stands in a document. */
export type JsonSchema = Record<string, unknown>;

const HERE = "#/$defs/";
const THERE = "#/components/schemas/";

/** Writes zod schemas as JSON Schemas of one OpenAPI document; those that have an id once, under `components`. */
export class SchemaWriter {
  readonly #components: Record<string, JsonSchema> = {};

  /** What a client sends or reads: for schemas that transform, what goes in. What JSON Schema cannot say is left open. */
  write(schema: z.ZodType): JsonSchema {
    // inside something else, so that a schema with an id is a reference too
    const { properties, $defs } = z.toJSONSchema(z.object({ it: schema }), { io: "input", unrepresentable: "any", reused: "inline" });
    for (const [name, definition] of Object.entries($defs ?? {})) this.#components[name] ??= tidy(definition);
    return tidy(properties?.["it"]);
  }

  /** Every schema with an id that was written so far. */
  components(): Record<string, JsonSchema> {
    return Object.fromEntries(Object.entries(this.#components).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** Without `null` where a parameter of an address is meant, which is left out instead. */
export function withoutNull(schema: JsonSchema): JsonSchema {
  const { type, anyOf, ...rest } = schema;
  if (Array.isArray(type)) {
    const left = type.filter((one) => one !== "null");
    return { ...rest, type: left.length === 1 ? left[0] : left };
  }
  if (!Array.isArray(anyOf)) return schema;
  const left = anyOf.filter((one: unknown) => !isNull(one)) as JsonSchema[];
  return left.length === 1 ? { ...rest, ...withoutNull(left[0] ?? {}) } : { ...rest, anyOf: left.map(withoutNull) };
}

function isNull(schema: unknown): boolean {
  return typeof schema === "object" && schema !== null && "type" in schema && schema.type === "null";
}

function tidy(node: unknown): JsonSchema {
  // a JSON Schema of zod's is an object; its parts are walked as what they are
  return walk(node) as JsonSchema;
}

function walk(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(walk);
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).filter(([key, value]) => !(key === "id" && typeof value === "string") && key !== "$schema");
  return Object.fromEntries(entries.map(([key, value]) => [key, key === "$ref" && typeof value === "string" ? value.replace(HERE, THERE) : walk(value)]));
}
