import type { ThreadTtl } from "#protocol/threads.ts";

/** How long threads are kept (`checkpointer.ttl` of langgraph.json). A thread's time runs from when it was last touched: a run, an edit, new metadata. */
export interface Retention {
  /** For threads that say nothing themselves; null: for ever. Threads of teams go with the conversation they belong to. */
  defaultTtl: ThreadTtl | null;
  sweepMinutes: number;
  /** Also sweeps what waits for a person's answer. */
  waiting: boolean;
  /** Tests move the time; the database's clock otherwise. */
  now?: () => Date;
}

export const KEEP_FOR_EVER: Retention = { defaultTtl: null, sweepMinutes: 5, waiting: false };

/** `checkpointer.ttl` as langgraph.json has it. */
export function retentionOf(
  ttl: { strategy?: "delete" | "keep_latest" | undefined; default_ttl?: number | undefined; sweep_interval_minutes?: number | undefined } & {
    sweep_waiting?: boolean | undefined;
  } = {},
): Retention {
  return {
    defaultTtl: ttl.default_ttl === undefined ? null : { minutes: ttl.default_ttl, strategy: ttl.strategy ?? "delete" },
    sweepMinutes: ttl.sweep_interval_minutes ?? KEEP_FOR_EVER.sweepMinutes,
    waiting: ttl.sweep_waiting ?? false,
  };
}
