import { sql } from "drizzle-orm";
import { index, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { threads } from "./threads.ts";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

/** A view of interrupts (docs/decisions/0005): upserted when a run pauses, claimed `pending` -> `resuming` by exactly one decision. */
export const approvals = pgTable(
  "approvals",
  {
    id: uuid("id").primaryKey(),
    threadId: uuid("thread_id")
      .notNull()
      .references(() => threads.threadId, { onDelete: "cascade" }),
    runId: uuid("run_id").notNull(),
    interruptId: text("interrupt_id").notNull(),
    /** Answers its node had consumed when it asked: LangGraph gives the questions of one node one id, this tells them apart. */
    position: integer("position").notNull().default(0),
    /** A mirror shows the approval of a child thread in its parent; deciding either decides the original. */
    mirrorOf: uuid("mirror_of"),
    owner: text("owner").notNull(),
    branch: text("branch").notNull(),
    kind: text("kind").notNull(),
    action: text("action").notNull(),
    args: jsonb("args").$type<Record<string, unknown>>().notNull().default({}),
    description: text("description").notNull().default(""),
    payload: jsonb("payload").notNull(),
    digest: text("digest"),
    risk: text("risk", { enum: ["low", "medium", "high"] })
      .notNull()
      .default("medium"),
    state: text("state", { enum: ["pending", "resuming", "done", "expired", "superseded"] })
      .notNull()
      .default("pending"),
    decision: jsonb("decision"),
    decidedBy: text("decided_by"),
    decidedAt: time("decided_at"),
    /** The run that carries the decision into the graph. */
    resumeRunId: uuid("resume_run_id"),
    createdAt: time("created_at").notNull().defaultNow(),
    updatedAt: time("updated_at").notNull().defaultNow(),
  },
  (table) => [
    index("approvals_thread").on(table.threadId, table.state),
    index("approvals_pending")
      .on(table.owner, table.createdAt)
      .where(sql`state = 'pending'`),
    index("approvals_mirror").on(table.mirrorOf),
    index("approvals_resume_run").on(table.resumeRunId),
  ],
);
