import { type ChildRow } from "#db/queries/find-children.ts";
import { AppError } from "#errors";
import type { Team, TeamWork, TeamWorkStatus } from "#ports/teams.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { resultOf } from "./team-outcome.ts";

/** Metadata of a paused child that its parent ended: no run says so. */
export const ENDED_BY_PARENT = "ended_by_parent";

/** Where a child's work stands, from its thread and its latest run. */
export async function teamWork(context: RuntimeContext, row: ChildRow): Promise<TeamWork> {
  const status = statusOf(row);
  return {
    call: row.parent_call ?? "",
    team: row.graph_id as Team,
    threadId: row.thread_id,
    projectId: row.project_id,
    status,
    step: status === "running" || status === "waiting" ? await stepOf(context, row) : null,
    result: status === "done" ? resultOf(row.values) : null,
    error: status === "failed" ? (row.run_error?.message ?? row.run_status ?? "failed") : null,
  };
}

function statusOf(row: ChildRow): TeamWorkStatus {
  if (row.status === "busy" || row.run_status === "pending" || row.run_status === "running") return "running";
  if (row.metadata[ENDED_BY_PARENT] === true || row.run_status === "interrupted") return "cancelled";
  if (row.status === "interrupted") return "waiting";
  return row.status === "error" ? "failed" : "done";
}

/** The node that runs or waits, as the newest checkpoint has it. */
async function stepOf(context: RuntimeContext, row: ChildRow): Promise<string | null> {
  if (row.graph_id === null) return null;
  const config = { configurable: { thread_id: row.thread_id } };
  try {
    const graph = await context.graphs.compiled(row.graph_id, config);
    return (await graph.getState(config)).next[0] ?? null;
  } catch (error) {
    throw new AppError("database_unavailable", `Where thread ${row.thread_id} stands cannot be read.`, { cause: error });
  }
}
