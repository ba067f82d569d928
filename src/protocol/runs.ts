import { z } from "zod";
import { Flag, Id, listed, maybe, PageFields, present, Select } from "./fields.ts";
import { withoutReservedConfig, withoutReservedKeys } from "./reserved-keys.ts";
import { RunCreate, StreamMode } from "./run-create.ts";

export const RunPath = z.object({ thread_id: Id, run_id: Id });
export const StatelessRunPath = z.object({ run_id: Id });

/** The body of every endpoint that creates a run, with reserved keys removed. */
export const RunRequest = RunCreate.transform((run) => ({
  ...run,
  config: run.config && withoutReservedConfig(run.config),
  context: run.context && withoutReservedKeys(run.context),
  checkpoint: run.checkpoint && withoutReservedKeys(run.checkpoint),
}));

export const RunBatch = z.array(RunRequest).min(1).max(100);

const RunStatusWord = z.enum(["pending", "running", "error", "success", "timeout", "interrupted"]);
const Action = z
  .enum(["interrupt", "rollback"])
  .nullish()
  .transform((action) => action ?? "interrupt");

export const RunsQuery = z.object({ ...PageFields, status: maybe(RunStatusWord), select: z.preprocess(listed, Select) }).transform(present);

export const CancelQuery = z.object({ wait: Flag.nullish().transform((flag) => flag ?? false), action: Action });

export const CancelManyBody = z
  .object({ thread_id: maybe(Id), run_ids: maybe(z.array(Id).min(1)), status: maybe(z.enum(["pending", "running", "all"])) })
  .refine((body) => body.run_ids !== undefined || body.status !== undefined, "name the runs (thread_id and run_ids) or a status: pending, running or all")
  .transform(present);

export const CancelManyQuery = z.object({ action: Action });

export const JoinQuery = z.object({ cancel_on_disconnect: Flag.nullish().transform((flag) => flag ?? false) });

export const JoinStreamQuery = JoinQuery.extend({
  stream_mode: z.preprocess(
    listed,
    z
      .array(StreamMode)
      .nullish()
      .transform((modes) => modes ?? null),
  ),
});

/** Header values that stand for "from the start of the buffer". */
const FROM_START = new Set(["-1", "-"]);

/**
 * `Last-Event-ID` to the form that services take: null when absent, "-1" for the start of the buffer, else a decimal counter.
 * Undefined for anything else, which no event of ours ever carried.
 */
export function parseLastEventId(header: string | undefined): string | null | undefined {
  const text = header?.trim() ?? "";
  if (text === "") return null;
  if (FROM_START.has(text)) return "-1";
  return /^\d{1,15}$/.test(text) ? String(Number(text)) : undefined;
}
