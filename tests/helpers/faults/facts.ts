import { SEED } from "./chance.ts";

/** One line of what a scenario did and found, for the report. */
export function say(scenario: string, facts: Record<string, number | string>): void {
  const words = Object.entries(facts).map(([name, value]) => `${name} ${typeof value === "number" && !Number.isInteger(value) ? value.toFixed(2) : value}`);
  process.stdout.write(`chaos ${scenario}: ${words.join(", ")}, seed ${SEED}\n`);
}

/** The value below which the given part of them lies; 0 for none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
