import type { RunRow } from "#db/queries/run-row.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import type { JsonObject, Run } from "#protocol/wire.ts";
import { withField } from "./webhooks/with-field.ts";

/** A run as clients see it. */
export function wireRun(row: RunRow): Run {
  return {
    run_id: row.run_id,
    thread_id: row.thread_id,
    assistant_id: row.assistant_id,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    status: row.status,
    metadata: row.metadata as JsonObject,
    kwargs: withoutUser(row.kwargs) as JsonObject,
    multitask_strategy: row.multitask_strategy,
  };
}

/** Who asked for a run is between them, the server and the graph: others may read the run. */
function withoutUser(kwargs: Record<string, unknown>): Record<string, unknown> {
  const { user: _, ...rest } = kwargs;
  return rest;
}

/** The same as text, from the text of the values; null where there are none. */
export function finalValuesJson(valuesJson: string | null, asked: ThreadRow["interrupts"]): string {
  if (valuesJson === null || valuesJson === "null") return finalText("{}", asked);
  return valuesJson.startsWith("{") ? finalText(valuesJson, asked) : valuesJson;
}

function finalText(objectJson: string, asked: ThreadRow["interrupts"]): string {
  const interrupts = Object.values(asked).flat();
  return interrupts.length === 0 ? objectJson : withField(objectJson, "__interrupt__", JSON.stringify(interrupts));
}

/** A thread's values as `wait`, `join` and webhooks tell them; what it waits for stands beside them. */
export function finalValues(thread: Pick<ThreadRow, "values" | "interrupts"> | null): unknown {
  if (thread === null) return null;
  const interrupts = Object.values(thread.interrupts).flat();
  const values = thread.values ?? {};
  if (interrupts.length === 0 || typeof values !== "object" || Array.isArray(values)) return values;
  return { ...values, __interrupt__: interrupts };
}
