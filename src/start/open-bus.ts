import type { Config } from "#config";
import type { Database } from "#db/client.ts";
import type { Log } from "#log";
import type { StreamBus } from "#runtime/stream-bus/bus.ts";
import { openPostgresBus } from "#runtime/stream-bus/postgres.ts";
import { openRedisBus } from "#runtime/stream-bus/redis.ts";

/** Redis when there is one, with the database for the time it is away; otherwise the table and NOTIFY, which also reach a second process on the same database. */
export function openBus(config: Config, database: Database, log: Log): Promise<StreamBus> {
  return config.REDIS_URL === undefined ? openPostgresBus({ database, log }) : openRedisBus({ url: config.REDIS_URL, database, log });
}
