import { integer, jsonb, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

/** A graph with settings. Each graph has one system assistant whose id is uuidv5(graph id). */
export const assistants = pgTable("assistants", {
  assistantId: uuid("assistant_id").primaryKey(),
  graphId: text("graph_id").notNull(),
  /** Null for system assistants, which everybody sees. */
  owner: text("owner"),
  name: text("name").notNull(),
  description: text("description"),
  version: integer("version").notNull().default(1),
  config: jsonb("config").$type<Record<string, unknown>>().notNull().default({}),
  context: jsonb("context").$type<Record<string, unknown>>().notNull().default({}),
  metadata: jsonb("metadata").$type<Record<string, unknown>>().notNull().default({}),
  createdAt: time("created_at").notNull().defaultNow(),
  updatedAt: time("updated_at").notNull().defaultNow(),
});

export const assistantVersions = pgTable(
  "assistant_versions",
  {
    assistantId: uuid("assistant_id")
      .notNull()
      .references(() => assistants.assistantId, { onDelete: "cascade" }),
    version: integer("version").notNull(),
    graphId: text("graph_id").notNull(),
    name: text("name").notNull(),
    description: text("description"),
    config: jsonb("config").$type<Record<string, unknown>>().notNull(),
    context: jsonb("context").$type<Record<string, unknown>>().notNull(),
    metadata: jsonb("metadata").$type<Record<string, unknown>>().notNull(),
    createdAt: time("created_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.assistantId, table.version] })],
);
