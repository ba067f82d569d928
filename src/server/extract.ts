/** A place in a thread, step by step: a key of an object, or a place in a list, from its end when negative. */
type Path = readonly (string | number)[];

/** The items, each with `extracted`: what the paths lead to, by their names; null where there is nothing. */
export function withExtracted<T extends object>(items: readonly T[], paths: Record<string, Path>): (T & { extracted: Record<string, unknown> })[] {
  const named = Object.entries(paths);
  return items.map((item) => ({ ...item, extracted: Object.fromEntries(named.map(([name, path]) => [name, extract(item, path)])) }));
}

function extract(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof step === "number") found = Array.isArray(found) ? (found as unknown[]).at(step) : undefined;
    else found = typeof found === "object" && found !== null && Object.hasOwn(found, step) ? (found as Record<string, unknown>)[step] : undefined;
  }
  return found ?? null;
}
