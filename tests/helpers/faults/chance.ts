/** Numbers that look random and are the same for the same seed (mulberry32). */
export interface Chance {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  /** @throws when there is nothing to pick from. */
  pick<T>(from: readonly T[]): T;
}

/** The seed of this run: CHAOS_SEED, or the clock's; printed with every scenario's facts, so that a failure can be played again. */
export const SEED = Number(process.env["CHAOS_SEED"] ?? Date.now() % 1_000_000);

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new Error("nothing to pick from");
      return from[below(from.length)] as T;
    },
  };
}
