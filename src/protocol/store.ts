import { z } from "zod";
import { Flag, JsonRecord, maybe, PageFields, present } from "./fields.ts";

const Namespace = z.array(z.string()).max(64);

export const StoreItem = z
  .object({
    namespace: z.array(z.string()),
    key: z.string(),
    value: JsonRecord,
    created_at: z.string(),
    updated_at: z.string(),
    /** How near to `query`, at most 1. */
    score: z.number().exactOptional(),
  })
  .meta({ id: "StoreItem", description: "A thing remembered." });
export type StoreItem = z.infer<typeof StoreItem>;

export const StorePut = z
  .object({
    namespace: Namespace,
    key: z.string(),
    value: JsonRecord,
    /** Null: as configured. */
    index: maybe(z.union([z.literal(false), z.array(z.string().min(1)).max(100)])),
    /** Minutes, at most a century; null: for ever, absent: as configured. */
    ttl: z.number().positive().max(52_560_000).nullable().optional(),
  })
  .transform(present);

export const StoreDelete = z.object({ namespace: Namespace.nullish().transform((namespace) => namespace ?? []), key: z.string() });

/** In the query the namespace is joined by dots, so labels cannot hold one. */
export const StoreGet = z
  .object({
    namespace: z
      .string()
      .nullish()
      .transform((text) => (text ? text.split(".") : [])),
    key: z.string(),
    refresh_ttl: maybe(Flag),
  })
  .transform(present);

export const StoreSearch = z
  .object({ ...PageFields, namespace_prefix: Namespace, filter: maybe(JsonRecord), query: maybe(z.string()), refresh_ttl: maybe(z.boolean()) })
  .transform(present);

export const StoreNamespaces = z
  .object({
    ...PageFields,
    limit: z
      .number()
      .int()
      .min(1)
      .max(1_000)
      .nullish()
      .transform((limit) => limit ?? 100),
    prefix: maybe(Namespace),
    suffix: maybe(Namespace),
    max_depth: maybe(z.number().int().min(1).max(64)),
  })
  .transform(present);

/** Why a namespace cannot be used, or null: labels are not empty and hold no dot (they are joined by dots in addresses). */
export function namespaceFault(namespace: readonly string[]): string | null {
  const bad = namespace.some((label) => label === "" || label.includes("."));
  return bad ? `Namespace labels cannot be empty or contain periods. Received: ${namespace.join(".")}` : null;
}
