import { z } from "zod";

/** A JSON object of any content. */
export const JsonRecord = z.record(z.string(), z.unknown());

/** Ids are compared as text in places, so one spelling: lower case. Any UUID version, as clients mint their own. */
export const Id = z.guid("must be a UUID").transform((id) => id.toLowerCase());

/** An optional field where clients of some versions send `null` for "not given". */
export function maybe<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined);
}

/** `true`, `1`, `yes` (any case) and their opposites, as query text or as JSON. */
export const Flag = z.union([z.boolean(), z.number(), z.string()]).transform((value, context) => {
  const word = String(value).toLowerCase();
  if (["true", "1", "yes"].includes(word)) return true;
  if (["false", "0", "no", ""].includes(word)) return false;
  context.issues.push({ code: "custom", message: "must be true or false", input: value });
  return z.NEVER;
});

export const MAX_PAGE = 1_000;

/** `limit` 1..1000 (default 10) and `offset`; numbers or, in a query, their text. */
export const PageFields = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_PAGE)
    .nullish()
    .transform((limit) => limit ?? 10),
  offset: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .nullish()
    .transform((offset) => offset ?? 0),
};

/** What a query says as a list: a parameter that is repeated, a single one as text, or all of them as JSON, as SDK 0.x and 2.0 send it. */
export function listed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value.startsWith("[") ? parsed(value) : [value];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return [text];
  }
}

/** Names of the fields that a client wants back; absent: all. */
export const Select = maybe(z.array(z.string()));

type OptionalKey<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];
type Present<T> = { [K in Exclude<keyof T, OptionalKey<T>>]: T[K] } & { [K in OptionalKey<T>]?: Exclude<T[K], undefined> };

/** Drops the keys that hold `undefined`, which the services' exact optional types do not take. */
export function present<T extends object>(value: T): Present<T> {
  // every key that may hold undefined is optional in the result, and no undefined is left
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Present<T>;
}

export const CheckpointInput = z
  .object({
    checkpoint_id: maybe(z.string()),
    checkpoint_ns: maybe(z.string()),
    checkpoint_map: maybe(JsonRecord),
  })
  .transform(present);
