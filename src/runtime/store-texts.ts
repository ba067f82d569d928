/**
 * The texts that a field path finds in an item: `title`, `author.name`, `chapters[*].content` (each a text of its own), `notes[0]`,
 * `notes[-1]`, `$` for all of it. Numbers and flags become words, objects their JSON; what is not there gives nothing.
 */
export function textsAt(value: unknown, path: string): string[] {
  if (path === "$") return asText(value);
  let found: unknown[] = [value];
  for (const step of stepsOf(path)) found = found.flatMap((one) => follow(one, step));
  return found.flatMap(asText);
}

function stepsOf(path: string): string[] {
  // a.b[0][*] as a, b, [0], [*]
  return path.match(/\[[^\]]*\]|[^.[\]]+/g) ?? [];
}

function follow(value: unknown, step: string): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  if (step === "[*]" || step === "*") return Array.isArray(value) ? value : Object.values(value);
  const index = /^\[(-?\d+)\]$/.exec(step)?.[1];
  if (index !== undefined) return Array.isArray(value) ? [value.at(Number(index))] : [];
  return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
}

function asText(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.trim() === "" ? [] : [text];
}
