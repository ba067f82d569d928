import type { Client } from "@langchain/langgraph-sdk";

/** One figure that is taken of each server, in turns. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  /** How many times better than the peer it is meant to be; null: no aim. */
  readonly aim: number | null;
  /** Takes the figure once. `effort`: 1 is enough for a slow server, a fast one gets more samples in the same time. */
  take(client: Client, effort: number): Promise<number>;
}

/** Every server is asked for the same: each step is on disk before the next one begins, where the server knows what that means. */
export const DURABILITY = { durability: "sync" } as const;

/** `total` calls from `clients` at a time. */
export async function fromClients(clients: number, total: number, call: () => Promise<unknown>): Promise<void> {
  let left = total;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (left > 0) {
        left -= 1;
        await call();
      }
    }),
  );
}

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}
