import { resolve } from "node:path";
import type { Config } from "#config";
import { type Database, openDatabase } from "#db/client.ts";
import { openEmbedded } from "#db/embedded.ts";
import { migrate } from "#db/migrate.ts";
import type { Log } from "#log";

export interface OpenedDatabase extends AsyncDisposable {
  readonly database: Database;
  /** True when the database is the one in DATA_DIR. */
  readonly embedded: boolean;
}

/** The database of `DATABASE_URL`, or the embedded one; migrated. */
export async function openConfiguredDatabase(config: Config, log: Log): Promise<OpenedDatabase> {
  await using stack = new AsyncDisposableStack();
  const embedded =
    config.DATABASE_URL === undefined
      ? stack.use(await openEmbedded(resolve(config.DATA_DIR), { onLost: (error) => log.error({ err: error }, "the embedded PostgreSQL is gone") }))
      : null;
  const database = stack.use(await openDatabase({ url: embedded?.url ?? config.DATABASE_URL ?? "" }));
  await migrate(database);
  const kept = stack.move();
  return { database, embedded: embedded !== null, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
