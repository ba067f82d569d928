/** A LangChain message or anything else that knows its plain form. */
interface WithDict {
  toDict(): { type: string; data: Record<string, unknown> };
}

function hasDict(value: unknown): value is WithDict {
  return typeof value === "object" && value !== null && "toDict" in value && typeof value.toDict === "function";
}

/** Gives a value another plain form before it is written; `holder` is the object or list it stands in. */
export type Reshape = (value: unknown, holder: unknown) => unknown;

function plain(value: unknown, returned: unknown, holder: unknown, reshape: Reshape): unknown {
  if (hasDict(value)) {
    const { type, data } = value.toDict();
    return reshape({ ...data, type }, holder);
  }
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return { error: value.name, message: value.message };
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return reshape(returned, holder);
}

const asItIs: Reshape = (value) => value;

/**
 * JSON text as clients expect it: messages flat with their `type` (never the `lc: 1` constructor form), one line.
 * A value that refers to itself is cut where it does.
 */
export function toJson(value: unknown, reshape: Reshape = asItIs): string {
  // JSON.stringify calls toJSON before the replacer, so the message itself is only reachable through `this`
  const replacer = function (this: Record<string, unknown>, key: string, returned: unknown) {
    return plain(this[key], returned, this, reshape);
  };
  try {
    return JSON.stringify(value, replacer) ?? "null";
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, cutCycles(reshape)) ?? "null";
  }
}

/** The same as data: what a client would parse. */
export function toPlain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(toJson(value));
}

function cutCycles(reshape: Reshape) {
  const ancestors: unknown[] = [];
  return function (this: Record<string, unknown>, key: string, returned: unknown) {
    const value = plain(this[key], returned, this, reshape);
    if (typeof value !== "object" || value === null) return value;
    while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop();
    if (ancestors.includes(value)) return "[circular]";
    ancestors.push(value);
    return value;
  };
}
