import { emptyCheckpoint, uuid6, type Checkpoint, type CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { Checkpointer } from "#runtime/checkpointer.ts";

/** Writes one checkpoint whose channels all changed, as a graph would; returns its config. */
export async function putValues(
  saver: Checkpointer,
  config: RunnableConfig,
  values: Record<string, unknown>,
  options: { step?: number; metadata?: Record<string, unknown>; changed?: string[]; parent?: Checkpoint } = {},
): Promise<{ config: RunnableConfig; checkpoint: Checkpoint }> {
  const step = options.step ?? 0;
  const versions = { ...options.parent?.channel_versions };
  const changed = options.changed ?? Object.keys(values);
  for (const channel of changed) versions[channel] = saver.getNextVersion(Number(versions[channel] ?? 0));
  const checkpoint: Checkpoint = { ...emptyCheckpoint(), id: uuid6(step), channel_values: values, channel_versions: versions };
  const metadata: CheckpointMetadata = { source: "loop", step, parents: {}, ...options.metadata };
  const newVersions = Object.fromEntries(changed.map((channel) => [channel, versions[channel] ?? 1]));
  const next = await saver.put(config, checkpoint, metadata, newVersions);
  return { config: { configurable: { ...config.configurable, ...next.configurable } }, checkpoint };
}

/** Elements of about a kilobyte, all different. */
export function longList(length: number, mark = "element"): string[] {
  return Array.from({ length }, (_, place) => `${mark} ${place} `.padEnd(1_000, `${place}.`));
}
