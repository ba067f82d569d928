import type { z } from "zod";
import { AppError } from "#errors";

const MAX_ISSUES = 8;

/**
 * Parses what a client sent, or throws `invalid_request` naming each field that is wrong; `details.issues` holds path and message.
 * Values are never quoted: they may be secrets. No body at all is `{}`.
 */
export function parse<T extends z.ZodType>(schema: T, value: unknown, what: "body" | "query" | "path"): z.output<T> {
  const parsed = schema.safeParse(value === undefined ? {} : value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, MAX_ISSUES).map((issue) => ({ path: issue.path.map(String).join("."), message: issue.message }));
  const lines = issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  throw new AppError("invalid_request", `Invalid ${what}: ${lines.join("; ")}`, { details: { issues } });
}
