import { sql } from "drizzle-orm";
import { bigint, bigserial, boolean, index, integer, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { threads } from "./threads.ts";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

/** The run table is the queue (docs/decisions/0003): see `runtime/worker.ts` for the state machine. */
export const runs = pgTable(
  "runs",
  {
    runId: uuid("run_id").primaryKey(),
    threadId: uuid("thread_id")
      .notNull()
      .references(() => threads.threadId, { onDelete: "cascade" }),
    /** Order of creation; per thread the order of execution. */
    sequence: bigserial("sequence", { mode: "number" }).notNull(),
    assistantId: uuid("assistant_id").notNull(),
    graphId: text("graph_id").notNull(),
    owner: text("owner").notNull(),
    status: text("status", { enum: ["pending", "running", "error", "success", "timeout", "interrupted"] }).notNull(),
    metadata: jsonb("metadata").$type<Record<string, unknown>>().notNull().default({}),
    /** What to execute: input, command, config, context, stream modes … as the client sent it, parsed. */
    kwargs: jsonb("kwargs").$type<Record<string, unknown>>().notNull(),
    multitaskStrategy: text("multitask_strategy").notNull().default("reject"),
    /** Id of the run that forked this line of history; inherited by resumes and retries. */
    branch: text("branch").notNull(),
    stateless: boolean("stateless").notNull().default(false),
    /** Claims so far. Failures and crashes are bounded apart: a long run may be interrupted often, as long as it gets on. */
    attempt: integer("attempt").notNull().default(0),
    failures: integer("failures").notNull().default(0),
    crashes: integer("crashes").notNull().default(0),
    /** Head of the thread at the last crash: crashes count only while nothing moves. */
    crashCheckpoint: text("crash_checkpoint"),
    /** Head of the thread before this run: where a retry sees whether the input was consumed and where a rollback returns to. */
    baseCheckpoint: text("base_checkpoint"),
    /** Raised by every claim; a write that carries another epoch is refused. */
    epoch: bigint("epoch", { mode: "number" }).notNull().default(0),
    worker: text("worker"),
    cancel: text("cancel", { enum: ["interrupt", "rollback"] }),
    error: jsonb("error").$type<{ error: string; message: string } | null>(),
    runAfter: time("run_after").notNull().defaultNow(),
    createdAt: time("created_at").notNull().defaultNow(),
    updatedAt: time("updated_at").notNull().defaultNow(),
    startedAt: time("started_at"),
    endedAt: time("ended_at"),
  },
  (table) => [
    uniqueIndex("runs_one_running_per_thread")
      .on(table.threadId)
      .where(sql`status = 'running'`),
    index("runs_pending")
      .on(table.runAfter, table.sequence)
      .where(sql`status = 'pending'`),
    index("runs_thread").on(table.threadId, table.sequence),
  ],
);

/** Apart from `runs`, because `FOR SHARE` on the run row (the fence of every write) would make a heartbeat wait. */
export const runLeases = pgTable("run_leases", {
  runId: uuid("run_id")
    .primaryKey()
    .references(() => runs.runId, { onDelete: "cascade" }),
  epoch: bigint("epoch", { mode: "number" }).notNull(),
  leaseUntil: time("lease_until").notNull(),
});

/** Events of a run between processes without Redis: the postgres stream bus. */
export const streamEvents = pgTable(
  "stream_events",
  {
    runId: uuid("run_id").notNull(),
    sequence: bigint("sequence", { mode: "number" }).notNull(),
    event: text("event").notNull(),
    data: text("data").notNull(),
    createdAt: time("created_at").notNull().defaultNow(),
  },
  (table) => [uniqueIndex("stream_events_run_sequence").on(table.runId, table.sequence), index("stream_events_created").on(table.createdAt)],
);

/** What must happen after a run's final commit: waking a parent thread. Written in the same transaction, swept until done. */
export const outbox = pgTable(
  "outbox",
  {
    id: uuid("id").primaryKey(),
    kind: text("kind", { enum: ["team_outcome"] }).notNull(),
    threadId: uuid("thread_id")
      .notNull()
      .references(() => threads.threadId, { onDelete: "cascade" }),
    payload: jsonb("payload").$type<Record<string, unknown>>().notNull(),
    attempts: integer("attempts").notNull().default(0),
    dueAt: time("due_at").notNull().defaultNow(),
    doneAt: time("done_at"),
    createdAt: time("created_at").notNull().defaultNow(),
  },
  (table) => [
    index("outbox_due")
      .on(table.dueAt)
      .where(sql`done_at is null`),
  ],
);
