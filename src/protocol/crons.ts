import { z } from "zod";
import { Flag, Id, JsonRecord, maybe, PageFields, present, Select } from "./fields.ts";
import { withoutReservedConfig, withoutReservedKeys } from "./reserved-keys.ts";
import { RunCreate } from "./run-create.ts";

export const CronPath = z.object({ cron_id: Id });

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const ZONED = /(?:z|[+-]\d{2}:?\d{2})$/i;

/** ISO 8601. A date is its midnight; what names no offset is UTC, as schedules without a time zone are. */
const Moment = z
  .union([z.iso.datetime({ offset: true, local: true }), z.iso.date()], "must be an ISO 8601 time, such as 2030-01-31T18:00:00Z")
  .transform((text) => new Date(DATE.test(text) || ZONED.test(text) ? text : `${text}Z`))
  .refine((moment) => !Number.isNaN(moment.getTime()), "must be an ISO 8601 time, such as 2030-01-31T18:00:00Z");

/** What a run of a cron may be given: that of any run, but for what answers or follows one particular run. */
const RunFields = {
  ...RunCreate.pick({
    input: true,
    stream_mode: true,
    stream_subgraphs: true,
    stream_resumable: true,
    interrupt_before: true,
    interrupt_after: true,
    multitask_strategy: true,
    durability: true,
    webhook: true,
  }).shape,
  config: RunCreate.shape.config.transform((config) => config && withoutReservedConfig(config)),
  context: RunCreate.shape.context.transform((context) => context && withoutReservedKeys(context)),
};

const Timing = {
  /** Whether it is one is for the library that reads it. */
  schedule: z.string().trim().min(1).max(200),
  timezone: z.string().trim().min(1).max(100).nullish(),
  end_time: Moment.nullish(),
  enabled: maybe(z.boolean()),
  on_run_completed: maybe(z.enum(["delete", "keep"])),
};

/** How each run of a cron is started. Kept in the cron's row; parsed again on reading, because the row may come from another version. */
export const CronPayload = z.object(RunFields);
export type CronPayload = z.infer<typeof CronPayload>;

export const CronCreate = z
  .object({ ...Timing, ...RunFields, assistant_id: z.string().min(1).max(512), metadata: maybe(JsonRecord) })
  .transform(({ schedule, timezone, end_time, enabled, on_run_completed, assistant_id, metadata, ...payload }) => ({
    assistant_id,
    schedule,
    timezone: timezone ?? null,
    end_time: end_time ?? null,
    enabled: enabled ?? true,
    on_run_completed: on_run_completed ?? ("delete" as const),
    metadata: metadata ?? {},
    payload: present(payload),
  }));
export type CronCreate = z.infer<typeof CronCreate>;

/** A field that is absent stays as it is, `null` takes it away, `metadata` is merged. */
export const CronUpdate = z
  .object({ ...Timing, ...RunFields, schedule: maybe(Timing.schedule), metadata: maybe(JsonRecord) })
  .transform(({ schedule, timezone, end_time, enabled, on_run_completed, metadata, ...payload }) => ({
    ...present({ schedule, timezone, end_time, enabled, on_run_completed, metadata }),
    payload: present(payload),
  }));
export type CronUpdate = z.infer<typeof CronUpdate>;

const CronFilter = {
  /** A uuid or a graph's id. */
  assistant_id: maybe(z.string().min(1).max(512)),
  thread_id: maybe(Id),
  enabled: maybe(Flag),
  metadata: maybe(JsonRecord),
};

export const CronSearch = z
  .object({
    ...PageFields,
    ...CronFilter,
    sort_by: maybe(z.enum(["cron_id", "assistant_id", "thread_id", "created_at", "updated_at", "next_run_date"])),
    sort_order: maybe(z.enum(["asc", "desc"])),
    select: Select,
  })
  .transform(present);

export const CronCount = z.object(CronFilter).transform(present);
