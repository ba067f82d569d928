import { type Config, readConfig } from "#config";
import { createLog } from "#log";
import { type OpenedDatabase, openConfiguredDatabase } from "#start/open-database.ts";

/** Who does what a command does, in the log of events. */
export const ACTOR = "cli";

/** Runs a command over the configured database, migrated, and closes it. */
export async function withDatabase(work: (opened: OpenedDatabase, config: Config) => Promise<void>): Promise<void> {
  const config = readConfig(process.env);
  await using opened = await openConfiguredDatabase(config, createLog(config.LOG_LEVEL));
  await work(opened, config);
}
