import { createHash } from "node:crypto";
import type { EventRow } from "#db/queries/event-row.ts";

/** What a row's hash covers, besides the hash before it. */
const COVERED = [
  "seq",
  "id",
  "at",
  "type",
  "category",
  "owner",
  "actor",
  "thread_id",
  "run_id",
  "project_id",
  "correlation_id",
  "causation_id",
  "data",
] as const satisfies readonly (keyof EventRow)[];

/** The hash before the first row. */
export const BEGINNING = "";

/** SHA-256, in hex, of the hash before, a line feed, and the row as canonical JSON: keys in the order of their UTF-16 units, no spaces. */
export function chainHash(previous: string, row: EventRow): string {
  const covered = Object.fromEntries(COVERED.map((column) => [column, row[column]]));
  return createHash("sha256")
    .update(`${previous}\n${canonicalJson(covered)}`)
    .digest("hex");
}

/** One text for equal JSON values, as RFC 8785 has it. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
}
