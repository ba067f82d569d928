import type { RunnableConfig } from "@langchain/core/runnables";
import { EXCLUDED_METADATA_KEYS, type CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import { z } from "zod";
import { AppError } from "#errors";
import type { Fence } from "#db/queries/fence.ts";

/**
 * The reserved key under which `run-config.ts` tells the checkpointer whose writes these are: `{ runId, epoch, freshThread }`. Two underscores keep
 * it out of checkpoint metadata; it must be stripped from what clients send.
 */
export const FENCE_KEY = "__slipway_fence";

const FenceShape = z.object({ runId: z.uuid(), epoch: z.number().int().nonnegative(), freshThread: z.string().nullish() });

/**
 * The fence of one attempt of a run. `freshThread` is not copied with the config: under a copy, which a node may make and call its graph with,
 * nobody sees what was written under the original, so there the database is asked.
 */
export function makeFence({ runId, epoch, freshThread }: Fence): Fence {
  return Object.defineProperty({ runId, epoch }, "freshThread", { value: freshThread, enumerable: false });
}

/** A run hands the same object to each of its writes. */
const parsed = new WeakMap<object, Fence>();

/** The fence of a config, null where none is set (state edits by the server, tests, foreign hosts). */
export function fenceOf(config: RunnableConfig): Fence | null {
  const given: unknown = config.configurable?.[FENCE_KEY];
  if (given === undefined) return null;
  const known = typeof given === "object" && given !== null ? parsed.get(given) : undefined;
  if (known !== undefined) return known;
  const fence = FenceShape.parse(given);
  if (typeof given === "object" && given !== null) parsed.set(given, fence);
  return fence;
}

/** What a checkpoint is found by. */
export interface Address {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string | undefined;
}

/** Reads the address of a config; null where it names no thread. @throws AppError `invalid_request` for ids that cannot be stored. */
export function findAddress(config: RunnableConfig): Address | null {
  const { thread_id, checkpoint_ns, checkpoint_id, thread_ts } = config.configurable ?? {};
  const threadId = identifier("thread_id", thread_id);
  if (threadId === undefined) return null;
  return {
    threadId,
    namespace: identifier("checkpoint_ns", checkpoint_ns) ?? "",
    checkpointId: identifier("checkpoint_id", checkpoint_id) ?? identifier("thread_ts", thread_ts),
  };
}

/** Like {@link findAddress}, for writing. @throws AppError `invalid_request` also where the thread is missing. */
export function requireAddress(config: RunnableConfig): Address {
  const address = findAddress(config);
  if (address === null) {
    throw new AppError("invalid_request", 'A checkpoint is stored per thread: pass { configurable: { thread_id: "…" } } to the graph.');
  }
  return address;
}

/**
 * A checkpoint's metadata with that of the run around it (run_id, graph_id, what the client gave), as the reference server stores it: the
 * history is filtered by it, a rollback finds its checkpoints by it, and LangGraph sees by `run_id` that a run goes on after a kill.
 */
export function withRunMetadata(config: RunnableConfig, metadata: CheckpointMetadata): CheckpointMetadata {
  const ofRun = Object.entries(config.metadata ?? {}).filter(([key]) => !key.startsWith("__") && !EXCLUDED_METADATA_KEYS.has(key));
  return ofRun.length === 0 ? metadata : { ...Object.fromEntries(ofRun), ...metadata };
}

function identifier(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" && typeof value !== "number") throw new AppError("invalid_request", `configurable.${name} must be text.`);
  const text = String(value);
  // PostgreSQL's text holds neither; replacing them would make two ids one
  if (text.includes("\0") || !text.isWellFormed()) throw new AppError("invalid_request", `configurable.${name} holds characters that an id cannot have.`);
  return text;
}
