/** Character pairs of a text with their counts: enough to compare lines quickly, and blind to where in the line a change stands. */
function pairs(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (let index = 0; index + 1 < text.length; index++) {
    const pair = text.slice(index, index + 2);
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return counts;
}

/** A line made ready to be compared often. */
export interface Fingerprint {
  text: string;
  size: number;
  counts: Map<string, number>;
}

/** What two lines are compared by: the text, each run of white space as one space, and its character pairs. */
export function fingerprint(line: string): Fingerprint {
  const text = line.trim().replaceAll(/\s+/g, " ");
  return { text, size: Math.max(0, text.length - 1), counts: pairs(text) };
}

/** 0 (nothing in common) to 1 (equal but for white space): Dice's coefficient over character pairs. */
function lineSimilarity(a: Fingerprint, b: Fingerprint): number {
  if (a.text === b.text) return 1;
  if (a.size === 0 || b.size === 0) return 0;
  let shared = 0;
  const [small, large] = a.counts.size <= b.counts.size ? [a, b] : [b, a];
  for (const [pair, count] of small.counts) shared += Math.min(count, large.counts.get(pair) ?? 0);
  return (2 * shared) / (a.size + b.size);
}

/** Mean over the lines of two blocks of equal height, long lines counting more. */
export function blockSimilarity(a: readonly Fingerprint[], b: readonly Fingerprint[]): number {
  let weight = 0;
  let score = 0;
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) break;
    const share = 1 + Math.max(left.text.length, right.text.length);
    weight += share;
    score += share * lineSimilarity(left, right);
  }
  return weight === 0 ? 0 : score / weight;
}
