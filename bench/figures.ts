/** Median and extremes of one figure over the rounds. */
export interface Figure {
  median: number;
  min: number;
  max: number;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function figure(rounds: readonly number[]): Figure {
  return { median: rounded(percentile(rounds, 0.5)), min: rounded(Math.min(...rounds)), max: rounded(Math.max(...rounds)) };
}

/** Three digits that mean something. */
export function rounded(value: number): number {
  return value === 0 || !Number.isFinite(value) ? value : Number(value.toPrecision(3));
}
