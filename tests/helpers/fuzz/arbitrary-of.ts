import fc from "fast-check";

export type JsonSchema = Record<string, unknown>;

/** Arbitrary values for a field, by its name: ids that are there, words that mean something. Undefined: the schema decides. */
export type Hints = (name: string) => fc.Arbitrary<unknown> | undefined;

/** Deeper than the documents' own schemas need; recursion ends here. */
const MAX_DEPTH = 6;

/** Any JSON, with the keys and texts that hurt careless programs. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
      { toString: 1, hasOwnProperty: null, length: "x" },
      1e308,
      -0,
      Number.MAX_SAFE_INTEGER,
      5e-324,
      "\u0000\ud800\u2028",
      [[[[[[[[[[]]]]]]]]]],
      "x".repeat(3_000),
    ),
  },
);

/** Values that the schema allows, as far as JSON Schema can say it. */
export function arbitraryOf(schema: JsonSchema, root: JsonSchema, hints: Hints, depth = 0): fc.Arbitrary<unknown> {
  const go = (part: unknown) => arbitraryOf(part as JsonSchema, root, hints, depth + 1);
  if (depth > MAX_DEPTH) return fc.constant(null);
  if (typeof schema["$ref"] === "string") return go(resolve(schema["$ref"], root));
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
  if ("const" in schema) return fc.constant(schema["const"]);
  const choices = (schema["anyOf"] ?? schema["oneOf"]) as JsonSchema[] | undefined;
  // rather a value than null
  if (choices !== undefined) return fc.oneof(...choices.map((one) => ({ weight: one["type"] === "null" ? 1 : 6, arbitrary: go(one) })));
  const types = [schema["type"] ?? []].flat() as string[];
  if (types.length === 0) return anyJson;
  return fc.oneof(...types.map((type) => ({ weight: type === "null" ? 1 : 6, arbitrary: ofType(type, schema, go, hints) })));
}

function ofType(type: string, schema: JsonSchema, go: (part: unknown) => fc.Arbitrary<unknown>, hints: Hints): fc.Arbitrary<unknown> {
  const at = (key: string, otherwise: number) => (typeof schema[key] === "number" ? schema[key] : otherwise);
  switch (type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer": {
      const least = at("minimum", at("exclusiveMinimum", -3) + 1);
      return fc.oneof(fc.integer({ min: least, max: Math.min(at("maximum", 1_000), least + 20) }), fc.constant(at("maximum", 1_000)));
    }
    case "number":
      return fc.oneof(fc.integer({ min: Math.max(at("minimum", -5), at("exclusiveMinimum", -6) + 1), max: 30 }), fc.constant(at("maximum", 1e9)));
    case "string":
      return textOf(schema);
    case "array": {
      const least = at("minItems", 0);
      const tuple = schema["prefixItems"] as unknown[] | undefined;
      if (tuple !== undefined) return fc.tuple(...tuple.map(go));
      return fc.array(go(schema["items"] ?? {}), { minLength: least, maxLength: Math.min(at("maxItems", 3), Math.max(least, 3)) });
    }
    default:
      return objectOf(schema, go, hints);
  }
}

function textOf(schema: JsonSchema): fc.Arbitrary<string> {
  if (schema["format"] === "uuid") return fc.uuid();
  if (schema["format"] === "date") return fc.constantFrom("2031-01-31", "2099-12-31");
  if (typeof schema["pattern"] === "string" && schema["pattern"].includes("T(")) return fc.constantFrom("2031-01-31T10:00:00Z", "2031-01-31T10:00:00.5+02:00");
  const maxLength = typeof schema["maxLength"] === "number" ? schema["maxLength"] : 40;
  const minLength = typeof schema["minLength"] === "number" ? schema["minLength"] : 0;
  return fc.string({ unit: "binary", minLength, maxLength: Math.min(maxLength, 40) }).map((text) => text.toWellFormed() || "x".repeat(minLength));
}

function objectOf(schema: JsonSchema, go: (part: unknown) => fc.Arbitrary<unknown>, hints: Hints): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
  if (properties.length === 0)
    return fc.dictionary(fc.oneof(fc.constantFrom("a", "topic", "__proto__", "constructor", "$eq"), fc.string({ maxLength: 5 })), anyJson, { maxKeys: 3 });
  const required = (schema["required"] ?? []) as string[];
  // most fields are optional, and few of them come together
  const fields = properties.map(([name, part]) => {
    const value = hints(name) ?? go(part);
    return [
      name,
      required.includes(name)
        ? value.map((given) => [given])
        : fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: value.map((given) => [given]) }),
    ] as const;
  });
  return fc
    .tuple(...fields.map(([, value]) => value))
    .map((values) => Object.fromEntries(values.flatMap((value, index) => value.map((given) => [fields[index]?.[0] ?? "", given]))));
}

function resolve(reference: string, root: JsonSchema): JsonSchema {
  let found: unknown = root;
  for (const step of reference.replace(/^#\//, "").split("/")) found = (found as Record<string, unknown>)[step];
  return found as JsonSchema;
}
