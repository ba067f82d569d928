import { sql } from "drizzle-orm";
import { bigint, boolean, doublePrecision, index, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

/** A conversation or a team's work: the unit that holds state. `values` and `interrupts` are a cache of the latest checkpoint. */
export const threads = pgTable(
  "threads",
  {
    threadId: uuid("thread_id").primaryKey(),
    owner: text("owner").notNull(),
    status: text("status", { enum: ["idle", "busy", "interrupted", "error"] })
      .notNull()
      .default("idle"),
    /** What the status was, and is again, while no run is under way: a run that is undone leaves no trace in it. */
    resting: text("resting", { enum: ["idle", "interrupted", "error"] })
      .notNull()
      .default("idle"),
    metadata: jsonb("metadata").$type<Record<string, unknown>>().notNull().default({}),
    config: jsonb("config").$type<Record<string, unknown>>().notNull().default({}),
    values: jsonb("values"),
    /** The state is too large to be written again at every run: `values` is null, and the newest checkpoint has it. */
    valuesAtHead: boolean("values_at_head").notNull().default(false),
    interrupts: jsonb("interrupts").$type<Record<string, unknown[]>>().notNull().default({}),
    error: jsonb("error"),
    graphId: text("graph_id"),
    assistantId: uuid("assistant_id"),
    /** Set on a team's thread: who started it, by which tool call, on which branch. */
    parentThreadId: uuid("parent_thread_id"),
    parentCall: text("parent_call"),
    parentBranch: text("parent_branch"),
    projectId: uuid("project_id"),
    /** Made for one stateless run: not listed, swept when the run is over. */
    temporary: boolean("temporary").notNull().default(false),
    seq: bigint("seq", { mode: "number" }).notNull().default(0),
    createdAt: time("created_at").notNull().defaultNow(),
    updatedAt: time("updated_at").notNull().defaultNow(),
    /** How long it may rest before it is swept, and what is done then; null: for ever. */
    ttlMinutes: doublePrecision("ttl_minutes"),
    ttlStrategy: text("ttl_strategy", { enum: ["delete", "keep_latest"] }),
    /** The `updated_at` it was pruned at: nothing changed since, so nothing is due. */
    sweptAt: time("swept_at"),
    /** When it is due. By UTC wall clock, because the sum of a time with zone and an interval depends on the session and cannot be stored. */
    expiresAt: time("expires_at").generatedAlwaysAs(
      sql`case when swept_at is distinct from updated_at then ((updated_at at time zone 'UTC') + ttl_minutes * interval '1 minute') at time zone 'UTC' end`,
    ),
  },
  (table) => [
    index("threads_expires")
      .on(table.expiresAt)
      .where(sql`expires_at is not null`),
    index("threads_temporary")
      .on(table.updatedAt)
      .where(sql`temporary`),
    index("threads_owner_created").on(table.owner, table.createdAt),
    index("threads_metadata").using("gin", table.metadata),
    index("threads_project")
      .on(table.projectId)
      .where(sql`project_id is not null`),
    uniqueIndex("threads_parent_call").on(table.parentThreadId, table.parentBranch, table.parentCall),
  ],
);
