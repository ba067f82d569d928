import type { EngineeringState } from "#graphs/engineering/state.ts";
import type { RunPorts } from "#ports/run.ts";

/**
 * Puts the files into the state that this checkpoint knows. Called before anything reads or changes them: after a fork or a replay the
 * files are those of another line of history, after a crash those of half a batch.
 */
export async function restoreTree({ workspaces }: Pick<RunPorts, "workspaces">, state: Pick<EngineeringState, "delivery_id" | "tree">): Promise<void> {
  if (state.tree !== null) await workspaces.restore(state.delivery_id, state.tree);
}

/** Keeps the files of now under a name of this line of history; the commit goes into the state as `tree`. */
export async function keepTree(
  { workspaces, run }: Pick<RunPorts, "workspaces" | "run">,
  state: Pick<EngineeringState, "delivery_id">,
  name: string,
): Promise<string> {
  return workspaces.snapshot(state.delivery_id, `${run.branch.replaceAll(/[^A-Za-z0-9]/g, "").slice(0, 12)}-${name}`);
}
