import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate as applyMigrations } from "drizzle-orm/postgres-js/migrator";
import type { Database } from "./client.ts";
import { createClient } from "./create-client.ts";

/** The numbered SQL files, generated ones and the hand-written checkpoint tables. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL("../../drizzle", import.meta.url));
/** Any number that nothing else locks. */
const MIGRATING = 7_210_002;

/**
 * Brings the tables to the newest form; a second call finds nothing to do. Any number of processes may call it at once: a session
 * lock on a connection of its own lets one work while the others wait, and goes with that connection if its process is killed.
 */
export async function migrate(database: Pick<Database, "url">): Promise<void> {
  const client = createClient({ url: database.url, poolSize: 1, applicationName: "slipway-migrate", statementTimeoutMs: 0 });
  try {
    await client`select pg_advisory_lock(${MIGRATING})`;
    await applyMigrations(drizzle(client), { migrationsFolder: MIGRATIONS_FOLDER });
    await client`select pg_advisory_unlock(${MIGRATING})`;
  } finally {
    await client.end({ timeout: 5 });
  }
}
