import { findAssistant } from "#db/queries/find-assistant.ts";
import { findThread } from "#db/queries/find-thread.ts";
import { AppError } from "#errors";
import type { ResumePlan } from "#governance/approvals.ts";
import { JUDGED } from "#governance/permit.ts";
import type { Reach } from "#ports/access.ts";
import type { DecisionVia } from "#ports/approvals.ts";
import type { RunKwargs } from "./run-kwargs.ts";
import { BARE_REQUEST, kwargsOf, withPlan } from "./run-request.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { startRun } from "./start-run.ts";
import type { Worker } from "./worker.ts";

/** Starts the run that carries an answer into its graph, with the thread's own assistant. */
export async function resumeWith(
  context: RuntimeContext,
  worker: Worker | null,
  input: {
    threadId: string;
    owner: string;
    reach: Reach;
    user: RunKwargs["user"];
    runId: string;
    plan: ResumePlan;
    decidedBy: string;
    via?: DecisionVia;
    reservedBy?: string;
  },
): Promise<void> {
  const { sql } = context.database;
  const thread = await findThread(sql, input.threadId, input.reach);
  const assistant = thread?.assistant_id ? await findAssistant(sql, thread.assistant_id, JUDGED) : null;
  if (assistant === null) throw new AppError("not_found", `Thread ${input.threadId} has no assistant to go on with.`);
  const kwargs = withPlan(kwargsOf({ ...BARE_REQUEST }, assistant, {}, false), input.plan);
  await startRun(context, worker, {
    runId: input.runId,
    threadId: input.threadId,
    owner: input.owner,
    reach: input.reach,
    assistant,
    kwargs: { ...kwargs, user: input.user },
    metadata: {},
    strategy: "enqueue",
    afterSeconds: 0,
    stateless: false,
    newThread: null,
    forks: false,
    plan: input.plan,
    decidedBy: input.decidedBy,
    ...(input.via === undefined ? {} : { via: input.via }),
    ...(input.reservedBy === undefined ? {} : { reservedBy: input.reservedBy }),
  });
}
