import { rowOf } from "#governance/approval-view.ts";
import { readPastAnswers, type ResumePlan } from "#governance/approvals.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import { AppError } from "#errors";
import type { RunKwargs } from "./run-kwargs.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { settingsOfThread } from "./thread-settings.ts";
import { interruptsByTask } from "./thread-state.ts";

/**
 * A resume at an older checkpoint: the questions are those that waited there, and no row is claimed, because they belong to another line of
 * history. An effect whose approval comes from there asks again on the new one.
 */
export async function planPastResume(
  context: RuntimeContext,
  input: { thread: ThreadRow; kwargs: RunKwargs; resume: unknown; decidedBy: string },
): Promise<ResumePlan> {
  const { thread, kwargs } = input;
  if (thread.graph_id === null) throw new AppError("nothing_to_resume", "No graph has run on this thread yet.");
  const settings = await settingsOfThread(context, thread.graph_id, thread.thread_id);
  const config = { configurable: { ...settings, thread_id: thread.thread_id, checkpoint_ns: "", checkpoint_id: kwargs.checkpoint?.checkpoint_id } };
  const graph = await context.graphs.compiled(thread.graph_id, config);
  const snapshot = await graph.getState(config);
  const asked = { threadId: thread.thread_id, runId: thread.thread_id, owner: thread.owner, branch: "", graphId: thread.graph_id };
  const rows = Object.values(interruptsByTask(snapshot))
    .flat()
    .map((interrupt) => rowOf(asked, { ...interrupt, position: 0 }));
  return readPastAnswers({
    rows,
    resume: input.resume,
    decidedBy: input.decidedBy,
    atBreakpoint: snapshot.next.length > 0,
    sealSecretAnswer: context.sealSecretAnswer,
  });
}
