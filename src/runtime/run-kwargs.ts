import { z } from "zod";
import { RunCommand, StreamMode } from "#protocol/run-create.ts";

/**
 * What a run row says is to be executed. Written by `insert-run.ts`, read by whichever process claims the run; parsed on reading, because
 * the row may come from another version.
 */
export const RunKwargs = z.object({
  input: z.unknown().optional(),
  command: RunCommand.nullish(),
  config: z
    .object({ configurable: z.record(z.string(), z.unknown()).default({}), recursion_limit: z.number().nullish(), tags: z.array(z.string()).nullish() })
    .loose()
    .default({ configurable: {} }),
  context: z.record(z.string(), z.unknown()).nullish(),
  /** Where the client forks or replays; absent for a run at the head. */
  checkpoint: z
    .object({ checkpoint_id: z.string().nullish(), checkpoint_ns: z.string().nullish(), checkpoint_map: z.record(z.string(), z.unknown()).nullish() })
    .nullish(),
  stream_mode: z.array(StreamMode).default(["values"]),
  stream_subgraphs: z.boolean().default(false),
  /** The client asked for a stream it can resume; without it a joiner without a position sees everything that nobody consumed. */
  resumable: z.boolean().default(false),
  /** A stream was opened together with the run. */
  streamed: z.boolean().default(false),
  /** Made by a request that waits for its end and is answered with the state: of its `values` only the last are streamed, if they are short. */
  awaited: z.boolean().default(false),
  /** Started over protocol v2: its events go onto the log of its thread. */
  thread_events: z.boolean().default(false),
  interrupt_before: z.union([z.literal("*"), z.array(z.string())]).nullish(),
  interrupt_after: z.union([z.literal("*"), z.array(z.string())]).nullish(),
  durability: z.enum(["sync", "async", "exit"]).nullish(),
  webhook: z.string().nullish(),
  /** Who asked, as the project's auth knows them; a worker in another process tells the graph. Never shown to clients. */
  user: z.looseObject({ identity: z.string(), permissions: z.array(z.string()) }).nullish(),
  /** How many answers the asking node had consumed when a person answered, by interrupt id: tells a retry whether it took the answer. */
  resume_positions: z.record(z.string(), z.number()).nullish(),
});
export type RunKwargs = z.infer<typeof RunKwargs>;
