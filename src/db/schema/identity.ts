import { customType, index, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 6 });
const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => "bytea" });

/** Everybody who was let in once, made on first sight. */
export const users = pgTable("users", {
  /** The owner of what they make: the `sub` of their tokens, the user of their keys. */
  identity: text("identity").primaryKey(),
  displayName: text("display_name").notNull(),
  /** Given here by an administrator; a token's `roles` come on top for as long as it is used. */
  role: text("role", { enum: ["user", "approver", "admin"] })
    .notNull()
    .default("user"),
  /** Nobody is let in under this name from then on, and nothing begins for them by itself. */
  disabledAt: time("disabled_at"),
  lastSeenAt: time("last_seen_at"),
  createdAt: time("created_at").notNull().defaultNow(),
});

export const apiKeys = pgTable(
  "api_keys",
  {
    id: uuid("id").primaryKey(),
    owner: text("owner")
      .notNull()
      .references(() => users.identity, { onDelete: "cascade" }),
    name: text("name").notNull(),
    /** SHA-256 of the key, which has 256 random bits: nothing to guess and nothing to stretch. The key itself is nowhere. */
    digest: bytea("digest").notNull(),
    /** Its first characters, by which a person knows it again. */
    hint: text("hint").notNull(),
    scopes: text("scopes").array().notNull(),
    /** What it may do at most; null: nothing of its own. */
    limits: jsonb("limits").$type<Record<string, number | null>>(),
    createdBy: text("created_by").notNull(),
    createdAt: time("created_at").notNull().defaultNow(),
    /** Null: never. */
    expiresAt: time("expires_at"),
    revokedAt: time("revoked_at"),
    /** To the minute: it is not written at every request. */
    lastUsedAt: time("last_used_at"),
  },
  (table) => [uniqueIndex("api_keys_digest").on(table.digest), index("api_keys_owner").on(table.owner, table.createdAt)],
);
