import { sql } from "drizzle-orm";
import { boolean, index, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { assistants } from "./assistants.ts";
import { threads } from "./threads.ts";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

/** Runs that begin by the clock; they go with the assistant they run and the thread they run on. See `runtime/cron-runs.ts`. */
export const crons = pgTable(
  "crons",
  {
    cronId: uuid("cron_id").primaryKey(),
    /** Who made it: its runs are theirs. */
    owner: text("owner").notNull(),
    /** What graphs and rules are told about who made it; null: the owner's name is all there is. */
    creator: jsonb("creator").$type<Record<string, unknown>>(),
    assistantId: uuid("assistant_id")
      .notNull()
      .references(() => assistants.assistantId, { onDelete: "cascade" }),
    /** Null: every tick has a thread of its own. */
    threadId: uuid("thread_id").references(() => threads.threadId, { onDelete: "cascade" }),
    schedule: text("schedule").notNull(),
    /** IANA name; null is UTC. */
    timezone: text("timezone"),
    /** The last moment at which a tick may lie. */
    endTime: time("end_time"),
    enabled: boolean("enabled").notNull().default(true),
    /** Why the server switched it off; null when nobody or its owner did. */
    disabledReason: text("disabled_reason"),
    /** What becomes of the thread of a tick; means nothing for a cron on a thread. */
    onRunCompleted: text("on_run_completed", { enum: ["delete", "keep"] })
      .notNull()
      .default("delete"),
    /** What each run is started with, as the client sent it, parsed. */
    payload: jsonb("payload").$type<Record<string, unknown>>().notNull(),
    metadata: jsonb("metadata").$type<Record<string, unknown>>().notNull().default({}),
    /** The next tick; null when there is none: switched off, or over. */
    nextRunDate: time("next_run_date"),
    /** The newest tick that is done with: no tick at or before it ever fires, whatever the clock does. */
    lastTick: time("last_tick"),
    /** Tries of the tick at `next_run_date` that failed, and when the next one may be. */
    failures: integer("failures").notNull().default(0),
    retryAt: time("retry_at"),
    createdAt: time("created_at").notNull().defaultNow(),
    updatedAt: time("updated_at").notNull().defaultNow(),
  },
  (table) => [
    index("crons_due")
      .on(table.nextRunDate)
      .where(sql`enabled`),
    index("crons_owner_created").on(table.owner, table.createdAt),
    index("crons_assistant").on(table.assistantId),
    index("crons_thread").on(table.threadId),
  ],
);
