import { isDeepStrictEqual } from "node:util";
import type { ArgumentPredicate } from "#ports/policies.ts";
import { matchesWildcard } from "./wildcard.ts";

/**
 * Whether an argument is as a rule wants it. A closed set of operators over data: nothing is evaluated. What a comparison cannot be made with
 * (a text with a number, something that is not there) does not hold; the negations hold then.
 */
export function holds(predicate: ArgumentPredicate, args: Record<string, unknown>): boolean {
  const found = valueAt(args, predicate.path);
  const { value } = predicate;
  switch (predicate.operator) {
    case "exists":
      return found !== undefined;
    case "missing":
      return found === undefined;
    case "equals":
      return isDeepStrictEqual(found, value);
    case "not_equals":
      return !isDeepStrictEqual(found, value);
    case "in":
      return isOneOf(found, value);
    case "not_in":
      return !isOneOf(found, value);
    case "less":
      return compared(found, value, (left, right) => left < right);
    case "at_most":
      return compared(found, value, (left, right) => left <= right);
    case "greater":
      return compared(found, value, (left, right) => left > right);
    case "at_least":
      return compared(found, value, (left, right) => left >= right);
    case "like":
      return isLike(found, value);
    case "not_like":
      return !isLike(found, value);
    case "contains":
      if (Array.isArray(found)) return found.some((one) => isDeepStrictEqual(one, value));
      return typeof found === "string" && typeof value === "string" && found.includes(value);
  }
}

/** Own members only, so that no path leads out of what was asked. */
function valueAt(args: unknown, path: readonly string[]): unknown {
  let here = args;
  for (const step of path) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, step)) return undefined;
    here = Reflect.get(here, step);
  }
  return here;
}

function isOneOf(found: unknown, value: unknown): boolean {
  return Array.isArray(value) && value.some((one) => isDeepStrictEqual(one, found));
}

function compared(found: unknown, value: unknown, holdsFor: (left: number, right: number) => boolean): boolean {
  return typeof found === "number" && typeof value === "number" && holdsFor(found, value);
}

function isLike(found: unknown, value: unknown): boolean {
  if (typeof found !== "string") return false;
  const patterns: unknown[] = Array.isArray(value) ? value : [value];
  return patterns.some((pattern) => typeof pattern === "string" && matchesWildcard(pattern, found));
}
