const MOST_CHARACTERS = 500;
const MOST_ITEMS = 50;

/** The data of an event, cut to what a log line may hold: whatever was put into it, an event never makes the work fail that it tells of. */
export function boundedData(data: Record<string, unknown>): Record<string, unknown> {
  return cutEntries(data, 3);
}

function cut(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return null;
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => cut(item, depth - 1));
  return cutEntries(value, depth - 1);
}

function cutEntries(value: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(value).slice(0, MOST_ITEMS);
  return Object.fromEntries(entries.map(([key, item]) => [key.slice(0, MOST_CHARACTERS), cut(item, depth)]));
}
