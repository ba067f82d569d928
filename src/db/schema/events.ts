import { bigint, bigserial, boolean, index, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

/** What every stage of an event's way has. */
const told = () => ({
  id: uuid("id").notNull(),
  at: time("at").notNull(),
  type: text("type").notNull(),
  category: text("category").notNull(),
  /** Whose thing it is about; null: nobody's, and only for administrators. */
  owner: text("owner"),
  /** Who did it; null: the runtime by itself, or nobody it could name. */
  actor: text("actor"),
  threadId: uuid("thread_id"),
  runId: uuid("run_id"),
  projectId: uuid("project_id"),
  /** What belongs together: the conversation, through the threads of its teams. */
  correlationId: text("correlation_id"),
  /** The event, run, approval or release that brought this about. */
  causationId: text("causation_id"),
  data: jsonb("data").$type<Record<string, unknown>>().notNull().default({}),
});

/**
 * Where events are written, in the transaction of what they tell. They have no place in the log yet: transactions do not commit in the
 * order of their numbers. See `governance/events/sequence-events.ts`.
 */
export const eventIntake = pgTable("event_intake", { position: bigserial("position", { mode: "number" }).primaryKey(), ...told() });

/** The log: numbered without gaps in the order in which it can be read, so that a number is a position to go on from. */
export const events = pgTable("events", { seq: bigint("seq", { mode: "number" }).primaryKey(), ...told() }, (table) => [
  index("events_owner").on(table.owner, table.seq),
  index("events_thread").on(table.threadId, table.seq),
  index("events_correlation").on(table.correlationId, table.seq),
  index("events_run").on(table.runId),
  index("events_project").on(table.projectId, table.seq),
]);

/** Ends of both logs; its one row is locked by whoever writes them, so that there is one order and one chain. */
export const eventHead = pgTable("event_head", {
  only: boolean("only").primaryKey().default(true),
  seq: bigint("seq", { mode: "number" }).notNull().default(0),
  auditSeq: bigint("audit_seq", { mode: "number" }).notNull().default(0),
  auditHash: text("audit_hash").notNull().default(""),
});

/** Events that must be provable later. Rows are only added, each with a hash over itself and the hash before; a trigger refuses the rest. */
export const auditLog = pgTable(
  "audit_log",
  { seq: bigint("seq", { mode: "number" }).primaryKey(), ...told(), previousHash: text("previous_hash").notNull(), hash: text("hash").notNull() },
  (table) => [index("audit_log_owner").on(table.owner, table.seq), index("audit_log_type").on(table.type, table.seq)],
);
