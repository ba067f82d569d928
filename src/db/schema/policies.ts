import { boolean, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

/** Rules about questions to people. `rule` is a `PolicyRule` (protocol/policies.ts), parsed again on reading. */
export const policies = pgTable("policies", {
  id: uuid("id").primaryKey(),
  name: text("name").notNull(),
  enabled: boolean("enabled").notNull().default(true),
  /** Of two rules that are equal in everything else, the first counts. */
  position: integer("position").notNull(),
  rule: jsonb("rule").$type<Record<string, unknown>>().notNull(),
  createdBy: text("created_by").notNull(),
  updatedBy: text("updated_by").notNull(),
  createdAt: time("created_at").notNull().defaultNow(),
  updatedAt: time("updated_at").notNull().defaultNow(),
});
