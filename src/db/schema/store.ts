import { customType, doublePrecision, foreignKey, index, integer, jsonb, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });
const bytes = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });

/** LangGraph's long-term store. The namespace is an array, so a prefix ends at a segment boundary by construction. */
export const storeItems = pgTable(
  "store_items",
  {
    namespace: text("namespace").array().notNull(),
    key: text("key").notNull(),
    value: jsonb("value").$type<Record<string, unknown>>().notNull(),
    createdAt: time("created_at").notNull().defaultNow(),
    updatedAt: time("updated_at").notNull().defaultNow(),
    /** Minutes; null: kept for ever. */
    ttlMinutes: doublePrecision("ttl_minutes"),
    /** No reader sees it from then on; a sweep removes it some time later. */
    expiresAt: time("expires_at"),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.key] }), index("store_items_expiry").on(table.expiresAt)],
);

/** What an item means, one row a text of it: float4 values of length one, little-endian. */
export const storeVectors = pgTable(
  "store_vectors",
  {
    namespace: text("namespace").array().notNull(),
    key: text("key").notNull(),
    place: integer("place").notNull(),
    vector: bytes("vector").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.key, table.place] }),
    foreignKey({ columns: [table.namespace, table.key], foreignColumns: [storeItems.namespace, storeItems.key], name: "store_vectors_item" }).onDelete(
      "cascade",
    ),
  ],
);
