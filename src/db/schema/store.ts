import { jsonb, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

/** LangGraph's long-term store. The namespace is an array, so a prefix ends at a segment boundary by construction. */
export const storeItems = pgTable(
  "store_items",
  {
    namespace: text("namespace").array().notNull(),
    key: text("key").notNull(),
    value: jsonb("value").$type<Record<string, unknown>>().notNull(),
    createdAt: time("created_at").notNull().defaultNow(),
    updatedAt: time("updated_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.key] })],
);
