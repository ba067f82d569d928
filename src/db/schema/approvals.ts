import { sql } from "drizzle-orm";
import { bigserial, index, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
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
    /** How the decision came: `api`, `resume` (a run of the LangGraph API), `policy` or `expiry`. */
    decidedVia: text("decided_via"),
    /** The run that carries the decision into the graph. */
    resumeRunId: uuid("resume_run_id"),
    projectId: uuid("project_id"),
    /** The graph that asks. */
    agent: text("agent"),
    /** What the action is done to, as far as the question says; what policies match. */
    target: text("target").notNull().default(""),
    evidence: jsonb("evidence").$type<{ kind: string; ref: string }[]>().notNull().default([]),
    assignee: text("assignee"),
    /** The rule that said what becomes of this question, as it was then; null for one that no rule was asked about. */
    policy: jsonb("policy"),
    /** What the rule decided by itself and is not carried out yet; see `runtime/approval-chores.ts`. */
    verdict: jsonb("verdict"),
    /** When a verdict that could not be carried out is tried again, and how often it was. */
    retryAt: time("retry_at"),
    attempts: integer("attempts").notNull().default(0),
    expiresAt: time("expires_at"),
    /** When the coming expiry is told; null: told, or never. */
    warnAt: time("warn_at"),
    onExpire: text("on_expire", { enum: ["reject", "remind", "escalate", "park"] }),
    /** Nobody is reminded any more; it can still be answered. */
    parkedAt: time("parked_at"),
    createdAt: time("created_at").notNull().defaultNow(),
    updatedAt: time("updated_at").notNull().defaultNow(),
  },
  (table) => [
    index("approvals_thread").on(table.threadId, table.state),
    index("approvals_pending")
      .on(table.owner, table.createdAt)
      .where(sql`state = 'pending'`),
    index("approvals_due")
      .on(sql`least(expires_at, warn_at)`)
      .where(sql`state = 'pending' and (expires_at is not null or warn_at is not null)`),
    index("approvals_verdict")
      .on(table.retryAt)
      .where(sql`state = 'pending' and verdict is not null`),
    index("approvals_created").on(table.createdAt),
    index("approvals_mirror").on(table.mirrorOf),
    index("approvals_resume_run").on(table.resumeRunId),
  ],
);

/** Everything that happened to a question. Changes of its state are written by a trigger, so that no statement can forget them. */
export const approvalHistory = pgTable(
  "approval_history",
  {
    sequence: bigserial("sequence", { mode: "number" }).primaryKey(),
    approvalId: uuid("approval_id")
      .notNull()
      .references(() => approvals.id, { onDelete: "cascade" }),
    at: time("at")
      .notNull()
      .default(sql`clock_timestamp()`),
    event: text("event").notNull(),
    fromState: text("from_state"),
    toState: text("to_state"),
    /** Who; null for what the runtime found by itself. */
    actor: text("actor"),
    via: text("via"),
    runId: uuid("run_id"),
    decision: jsonb("decision"),
    policy: jsonb("policy"),
    note: text("note"),
  },
  (table) => [index("approval_history_approval").on(table.approvalId, table.sequence)],
);
