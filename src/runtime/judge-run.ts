import { metadataOf, permit } from "#governance/permit.ts";
import type { Access } from "#ports/access.ts";
import type { Caller } from "#ports/caller.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import type { RunKwargs } from "./run-kwargs.ts";
import { changedKwargs } from "./run-request.ts";

/** Asks whether the run may be made, and lets the rule have its say in what the run is. */
export async function judgeRun(
  caller: Caller,
  run: { runId: string; threadId: string | null; assistantId: string; input: RunCreate; kwargs: RunKwargs },
): Promise<{ access: Access; metadata: Record<string, unknown>; kwargs: RunKwargs }> {
  const { input, kwargs } = run;
  const { access, value } = await permit(caller, "threads:create_run", {
    thread_id: run.threadId ?? undefined,
    assistant_id: run.assistantId,
    run_id: run.runId,
    status: "pending",
    metadata: input.metadata ?? {},
    multitask_strategy: input.multitask_strategy ?? "reject",
    if_not_exists: input.if_not_exists ?? "reject",
    after_seconds: input.after_seconds ?? 0,
    kwargs,
  });
  return { access, metadata: metadataOf(value), kwargs: { ...changedKwargs(kwargs, value["kwargs"]), user: caller.user ?? null } };
}
