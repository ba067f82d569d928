import { index, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });

/** Which run a client's `Idempotency-Key` made, written in the transaction that inserted the run. */
export const idempotencyKeys = pgTable(
  "idempotency_keys",
  {
    owner: text("owner").notNull(),
    key: text("key").notNull(),
    /** SHA-256 of what was asked: the same key with another request is a mistake of the client. */
    digest: text("digest").notNull(),
    /** No reference: a run that is gone is not made again. */
    runId: uuid("run_id").notNull(),
    createdAt: time("created_at").notNull().defaultNow(),
    expiresAt: time("expires_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.owner, table.key] }), index("idempotency_keys_expires").on(table.expiresAt)],
);
