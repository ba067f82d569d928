import { bigserial, index, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex, uuid } from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

export const projects = pgTable(
  "projects",
  {
    id: uuid("id").primaryKey(),
    owner: text("owner").notNull(),
    name: text("name").notNull(),
    slug: text("slug").notNull().unique(),
    goal: text("goal").notNull(),
    stack: text("stack", { enum: ["node", "python"] }).notNull(),
    spec: jsonb("spec"),
    /** Key of the creating call: thread, branch and tool call. */
    createdBy: text("created_by").notNull().unique(),
    createdAt: time("created_at").notNull().defaultNow(),
    updatedAt: time("updated_at").notNull().defaultNow(),
  },
  (table) => [index("projects_owner").on(table.owner, table.createdAt)],
);

/** What somebody may do with a project that is not theirs. */
export const projectShares = pgTable(
  "project_shares",
  {
    projectId: uuid("project_id")
      .notNull()
      .references(() => projects.id, { onDelete: "cascade" }),
    /** An account, also of somebody who has not come yet. */
    member: text("member").notNull(),
    /** Null: not any more. The row stays, because what they did on the project stays the owner's to see. */
    role: text("role", { enum: ["viewer", "approver", "editor"] }),
    sharedBy: text("shared_by").notNull(),
    sharedAt: time("shared_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.member] }), index("project_shares_member").on(table.member)],
);

export const deliveries = pgTable(
  "deliveries",
  {
    id: uuid("id").primaryKey(),
    projectId: uuid("project_id")
      .notNull()
      .references(() => projects.id, { onDelete: "cascade" }),
    request: text("request").notNull().default(""),
    status: text("status", { enum: ["planning", "building", "green", "failed", "cancelled", "deployed"] })
      .notNull()
      .default("planning"),
    branch: text("branch"),
    baseSha: text("base_sha"),
    headSha: text("head_sha"),
    reportId: uuid("report_id"),
    releaseId: uuid("release_id"),
    rounds: integer("rounds").notNull().default(0),
    createdAt: time("created_at").notNull().defaultNow(),
    updatedAt: time("updated_at").notNull().defaultNow(),
  },
  (table) => [index("deliveries_project").on(table.projectId, table.createdAt)],
);

/** Fork moves everything together (docs/decisions/0009): what stood when a checkpoint was written. */
export const deliverySteps = pgTable(
  "delivery_steps",
  {
    sequence: bigserial("sequence", { mode: "number" }).primaryKey(),
    deliveryId: uuid("delivery_id")
      .notNull()
      .references(() => deliveries.id, { onDelete: "cascade" }),
    threadId: uuid("thread_id").notNull(),
    checkpointId: text("checkpoint_id").notNull(),
    node: text("node").notNull(),
    round: integer("round").notNull(),
    commitSha: text("commit_sha"),
    reportId: uuid("report_id"),
    releaseId: uuid("release_id"),
    createdAt: time("created_at").notNull().defaultNow(),
  },
  (table) => [uniqueIndex("delivery_steps_checkpoint").on(table.threadId, table.checkpointId, table.node)],
);

export const testReports = pgTable("test_reports", {
  id: uuid("id").primaryKey(),
  projectId: uuid("project_id")
    .notNull()
    .references(() => projects.id, { onDelete: "cascade" }),
  deliveryId: uuid("delivery_id"),
  commitSha: text("commit_sha").notNull(),
  report: jsonb("report").notNull(),
  createdAt: time("created_at").notNull().defaultNow(),
});

/** Tokens of each model call, for the cost of a run, a project and a person. */
export const modelCalls = pgTable(
  "model_calls",
  {
    id: bigserial("id", { mode: "number" }).primaryKey(),
    runId: uuid("run_id").notNull(),
    threadId: uuid("thread_id").notNull(),
    owner: text("owner").notNull(),
    role: text("role").notNull(),
    model: text("model").notNull(),
    inputTokens: integer("input_tokens").notNull(),
    outputTokens: integer("output_tokens").notNull(),
    durationMs: integer("duration_ms").notNull(),
    replayed: integer("replayed").notNull().default(0),
    createdAt: time("created_at").notNull().defaultNow(),
  },
  (table) => [index("model_calls_thread").on(table.threadId)],
);
