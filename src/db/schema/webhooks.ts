import { sql } from "drizzle-orm";
import { index, integer, json, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

/**
 * What is still to be told to the address that a run named, written in the transaction that ended the run. No reference to the run or its
 * thread: a run that was rolled back and the thread of a stateless run are gone when the word is sent.
 */
export const webhooks = pgTable(
  "webhooks",
  {
    /** Sent as `webhook-id`: made of the run's id, so that one run is one webhook however often it is sent. */
    id: uuid("id").primaryKey(),
    runId: uuid("run_id").notNull(),
    threadId: uuid("thread_id").notNull(),
    owner: text("owner").notNull(),
    url: text("url").notNull(),
    /** The body without `webhook_sent_at`, as text: it may be large, and nobody looks into it. Null once nothing is to be sent any more. */
    payload: json("payload").$type<Record<string, unknown>>(),
    /** Length of the body: what is sent at a time is bounded by it. */
    bytes: integer("bytes").notNull().default(0),
    /** Sends begun so far; also tells a sender whose lease ran out from the next one. */
    attempts: integer("attempts").notNull().default(0),
    /** When the next send may begin; a sender moves it ahead for as long as it takes at most. */
    dueAt: time("due_at").notNull().defaultNow(),
    outcome: text("outcome", { enum: ["delivered", "dead"] }),
    lastError: text("last_error"),
    endedAt: time("ended_at"),
    createdAt: time("created_at").notNull().defaultNow(),
  },
  (table) => [
    index("webhooks_due")
      .on(table.dueAt)
      .where(sql`outcome is null`),
    index("webhooks_ended")
      .on(table.endedAt)
      .where(sql`outcome is not null`),
  ],
);
