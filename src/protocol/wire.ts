import { z } from "zod";
import { JsonRecord } from "./fields.ts";

/** Shapes that the LangGraph Server API sends. Field names are the wire's. Sources: reference implementation and its clients. */
export const ThreadStatus = z.enum(["idle", "busy", "interrupted", "error"]);
export type ThreadStatus = z.infer<typeof ThreadStatus>;
export const RunStatus = z.enum(["pending", "running", "error", "success", "timeout", "interrupted"]);
export type RunStatus = z.infer<typeof RunStatus>;
export const MultitaskStrategy = z.enum(["reject", "enqueue", "interrupt", "rollback"]);
export type MultitaskStrategy = z.infer<typeof MultitaskStrategy>;
export type JsonObject = Record<string, unknown>;

// any version: clients mint ids of their own
const Uuid = z.guid();
const Moment = z.iso.datetime({ offset: true });

export const Assistant = z
  .object({
    assistant_id: Uuid,
    graph_id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    version: z.number().int(),
    config: JsonRecord,
    context: JsonRecord,
    metadata: JsonRecord,
    created_at: Moment,
    updated_at: Moment,
  })
  .meta({ id: "Assistant", description: "A graph with settings." });
export type Assistant = z.infer<typeof Assistant>;

/** One version of an assistant's settings. */
export const AssistantVersion = Assistant.omit({ updated_at: true }).meta({ id: "AssistantVersion" });

const Interrupt = z.object({ id: z.string(), value: z.unknown() }).meta({ id: "Interrupt", description: "A question that a graph asked and waits for." });

export const Thread = z
  .object({
    thread_id: Uuid,
    created_at: Moment,
    updated_at: Moment,
    metadata: JsonRecord,
    status: ThreadStatus,
    config: JsonRecord,
    values: z.unknown(),
    interrupts: z.record(z.string(), z.array(Interrupt)),
    error: z.unknown().exactOptional(),
    /** Only where it was asked for. */
    ttl: z
      .object({ strategy: z.enum(["delete", "keep_latest"]), ttl_minutes: z.number(), expires_at: z.string() })
      .nullable()
      .exactOptional(),
    storage: JsonRecord.exactOptional(),
    /** By the names of a search's `extract`; null where a path leads nowhere. */
    extracted: JsonRecord.exactOptional(),
  })
  .meta({ id: "Thread", description: "A conversation: what its graph holds, and how it stands." });
export type Thread = z.infer<typeof Thread>;

export const Checkpoint = z
  .object({ thread_id: z.string(), checkpoint_ns: z.string(), checkpoint_id: z.string().nullable(), checkpoint_map: JsonRecord.nullable() })
  .meta({ id: "Checkpoint", description: "The address of one step of a thread." });
export type Checkpoint = z.infer<typeof Checkpoint>;

export interface ThreadTask {
  id: string;
  name: string;
  path: unknown[];
  error: unknown;
  interrupts: { id: string; value: unknown }[];
  checkpoint: (Pick<Checkpoint, "thread_id" | "checkpoint_ns"> & Partial<Checkpoint>) | null;
  state: ThreadState | null;
  result: unknown;
}

export interface ThreadState {
  values: unknown;
  next: string[];
  tasks: ThreadTask[];
  metadata: JsonObject;
  created_at: string | null;
  checkpoint: Checkpoint | null;
  parent_checkpoint: Checkpoint | null;
}

export const ThreadTask: z.ZodType<ThreadTask> = z
  .object({
    id: z.string(),
    name: z.string(),
    path: z.array(z.unknown()),
    error: z.unknown(),
    interrupts: z.array(Interrupt),
    checkpoint: Checkpoint.nullable(),
    get state() {
      return ThreadState.nullable();
    },
    result: z.unknown(),
  })
  .meta({ id: "ThreadTask", description: "A node that ran at a step, or runs next; with `subgraphs` its own state." });

export const ThreadState: z.ZodType<ThreadState> = z
  .object({
    values: z.unknown(),
    next: z.array(z.string()),
    tasks: z.array(ThreadTask),
    metadata: JsonRecord,
    created_at: z.string().nullable(),
    checkpoint: Checkpoint.nullable(),
    parent_checkpoint: Checkpoint.nullable(),
  })
  .meta({ id: "ThreadState", description: "What a thread holds at one step, and what comes next." });

export const Run = z
  .object({
    run_id: Uuid,
    thread_id: Uuid,
    assistant_id: Uuid,
    created_at: Moment,
    updated_at: Moment,
    status: RunStatus,
    metadata: JsonRecord,
    kwargs: JsonRecord,
    multitask_strategy: MultitaskStrategy,
  })
  .meta({ id: "Run", description: "One execution of an assistant on a thread." });
export type Run = z.infer<typeof Run>;

/** A run that begins by the clock, again and again. */
export const Cron = z
  .object({
    cron_id: Uuid,
    assistant_id: Uuid,
    /** Null: every tick has a thread of its own. */
    thread_id: Uuid.nullable(),
    schedule: z.string(),
    /** IANA name; null is UTC. */
    timezone: z.string().nullable(),
    end_time: z.string().nullable(),
    enabled: z.boolean(),
    /** Why the server switched it off. */
    disabled_reason: z.string().nullable(),
    on_run_completed: z.enum(["delete", "keep"]),
    payload: JsonRecord,
    user_id: z.string(),
    /** Null when there is none: switched off, or over. */
    next_run_date: z.string().nullable(),
    metadata: JsonRecord,
    created_at: Moment,
    updated_at: Moment,
  })
  .meta({ id: "Cron", description: "A run that begins by the clock, again and again." });
export type Cron = z.infer<typeof Cron>;

/** One frame of a run's stream. `id` counts up from "0" per run and is the same on every bus. */
export interface StreamFrame {
  id: string;
  event: string;
  /** JSON text, one line. */
  data: string;
}
