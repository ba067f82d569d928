import type ts from "@typescript/typescript6";

export type JsonSchema = Record<string, unknown>;

type TypeScript = typeof ts;

/** A type that leads into itself, or has no end, is described as far as a form can show it. */
const DEEPEST = 8;
const MOST_TYPES = 3_000;

const MESSAGE: JsonSchema = {
  type: "object",
  properties: { type: { type: "string" }, content: {}, id: { type: "string" }, name: { type: "string" } },
  required: ["type", "content"],
};
const MESSAGE_NAME = /^(?:Base|AI|Human|System|Tool|Function|Remove|Chat)Message(?:Chunk)?$/;

/** Describes values of a TypeScript type as JSON Schema; what JSON cannot hold is left out, what cannot be said is `{}`. */
export function jsonSchemaOfType(api: TypeScript, checker: ts.TypeChecker, root: ts.Type): JsonSchema {
  let left = MOST_TYPES;

  function describe(type: ts.Type, above: readonly ts.Type[]): JsonSchema {
    left -= 1;
    if (left < 0 || above.length > DEEPEST || above.includes(type)) return {};
    const { flags } = type;
    if (type.isUnion() && (flags & api.TypeFlags.Boolean) === 0) return union(type, above);
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value, type: typeof type.value };
    if (flags & api.TypeFlags.BooleanLiteral) return { const: checker.typeToString(type) === "true", type: "boolean" };
    if (flags & (api.TypeFlags.StringLike | api.TypeFlags.BigIntLike)) return { type: "string" };
    if (flags & api.TypeFlags.NumberLike) return { type: "number" };
    if (flags & api.TypeFlags.BooleanLike) return { type: "boolean" };
    if (flags & api.TypeFlags.Null) return { type: "null" };
    if (flags & (api.TypeFlags.Object | api.TypeFlags.Intersection)) return object(type, [...above, type]);
    return {};
  }

  function union(type: ts.UnionType, above: readonly ts.Type[]): JsonSchema {
    const members = type.types.filter((member) => !isNothing(member) && !isOverwrite(member));
    // what stands for a message (its text, a pair, an object with a role) need not be told apart from one
    const telling = members.some(isMessage) ? members.filter((member) => isMessage(member) || checker.isArrayType(member) || isNull(member)) : members;
    const described = unique(telling.map((member) => describe(member, above)));
    const literals = described.filter((schema) => "const" in schema);
    const [only] = described;
    if (described.length === 1 && only !== undefined) return only;
    if (literals.length < 2) return described.some((schema) => Object.keys(schema).length === 0) ? {} : { anyOf: described };
    const types = [...new Set(literals.map((schema) => schema["type"]))];
    const choice = isBoth(literals)
      ? { type: "boolean" }
      : { enum: literals.map((schema) => schema["const"]), ...(types.length === 1 ? { type: types[0] } : { type: types }) };
    const others = described.filter((schema) => !("const" in schema));
    return others.length === 0 ? choice : { anyOf: [choice, ...others] };
  }

  function object(type: ts.Type, above: readonly ts.Type[]): JsonSchema {
    if (isMessage(type)) return MESSAGE;
    const name = type.getSymbol()?.getName();
    if (name === "Date") return { type: "string", format: "date-time" };
    if (name === "Uint8Array" || name === "Map" || name === "Set" || name === "RegExp" || name === "Promise") return {};
    if (checker.isTupleType(type)) {
      const items = checker.getTypeArguments(type as ts.TypeReference).map((item) => describe(item, above));
      return { type: "array", items };
    }
    if (checker.isArrayType(type)) {
      const [item] = checker.getTypeArguments(type as ts.TypeReference);
      return { type: "array", items: item === undefined ? {} : describe(item, above) };
    }
    if (isFunction(type)) return {};
    return fields(type, above);
  }

  function fields(type: ts.Type, above: readonly ts.Type[]): JsonSchema {
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const property of checker.getPropertiesOfType(type)) {
      const name = property.getName();
      const of = checker.getTypeOfSymbol(property);
      // symbols have no name in JSON, functions no value
      if (name.startsWith("__@") || isFunction(of)) continue;
      const said = api.displayPartsToString(property.getDocumentationComment(checker));
      properties[name] = { ...describe(of, above), ...(said === "" ? {} : { description: said }) };
      if ((property.flags & api.SymbolFlags.Optional) === 0 && !mayBeAbsent(of)) required.push(name);
    }
    const rest = checker.getIndexTypeOfType(type, api.IndexKind.String);
    return {
      type: "object",
      properties,
      ...(required.length === 0 ? {} : { required }),
      ...(rest === undefined ? {} : { additionalProperties: describe(rest, above) }),
    };
  }

  function isMessage(type: ts.Type): boolean {
    const symbol = type.getSymbol();
    return symbol !== undefined && MESSAGE_NAME.test(symbol.getName()) && checker.getPropertyOfType(type, "lc_namespace") !== undefined;
  }

  /** How LangGraph's updates may also say "replace what is there". */
  function isOverwrite(type: ts.Type): boolean {
    return checker.getPropertyOfType(type, "__overwrite__") !== undefined || type.getSymbol()?.getName() === "Overwrite";
  }

  function isFunction(type: ts.Type): boolean {
    return type.getCallSignatures().length > 0;
  }

  function isNothing(type: ts.Type): boolean {
    return (type.flags & (api.TypeFlags.Undefined | api.TypeFlags.Void)) !== 0;
  }

  function isNull(type: ts.Type): boolean {
    return (type.flags & api.TypeFlags.Null) !== 0;
  }

  function mayBeAbsent(type: ts.Type): boolean {
    return isNothing(type) || (type.flags & (api.TypeFlags.Any | api.TypeFlags.Unknown)) !== 0 || (type.isUnion() && type.types.some(isNothing));
  }

  return describe(root, []);
}

function isBoth(literals: JsonSchema[]): boolean {
  return literals.length === 2 && literals.every((schema) => schema["type"] === "boolean");
}

function unique(schemas: JsonSchema[]): JsonSchema[] {
  return [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
}
