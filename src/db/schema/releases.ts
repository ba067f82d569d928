import { customType, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { projects } from "./projects.ts";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });
const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => "bytea" });

export const releases = pgTable(
  "releases",
  {
    id: uuid("id").primaryKey(),
    projectId: uuid("project_id")
      .notNull()
      .references(() => projects.id, { onDelete: "cascade" }),
    number: integer("number").notNull(),
    commitSha: text("commit_sha").notNull(),
    status: text("status", { enum: ["starting", "live", "draining", "retired", "failed", "rolled_back"] }).notNull(),
    port: integer("port"),
    startCommand: text("start_command").notNull(),
    healthPath: text("health_path").notNull(),
    publicEnvironment: jsonb("public_environment").$type<Record<string, string>>().notNull().default({}),
    secretReferences: jsonb("secret_references").$type<string[]>().notNull().default([]),
    approvalId: uuid("approval_id"),
    reportId: uuid("report_id"),
    outcome: jsonb("outcome"),
    createdAt: time("created_at").notNull().defaultNow(),
    updatedAt: time("updated_at").notNull().defaultNow(),
  },
  (table) => [uniqueIndex("releases_number").on(table.projectId, table.number), uniqueIndex("releases_approval").on(table.approvalId)],
);

/** A port belongs to one release until it has drained. */
export const portLeases = pgTable("port_leases", {
  port: integer("port").primaryKey(),
  releaseId: uuid("release_id")
    .notNull()
    .references(() => releases.id, { onDelete: "cascade" }),
  createdAt: time("created_at").notNull().defaultNow(),
});

/** One row per version of a value; envelope encryption: `keyId` names the key that sealed it. */
export const secrets = pgTable(
  "secrets",
  {
    projectId: uuid("project_id")
      .notNull()
      .references(() => projects.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    version: integer("version").notNull(),
    origin: text("origin", { enum: ["generated", "user"] }).notNull(),
    keyId: text("key_id").notNull(),
    sealed: bytea("sealed").notNull(),
    createdAt: time("created_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.name, table.version] })],
);
