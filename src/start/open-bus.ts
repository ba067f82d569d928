import type { Config } from "#config";
import type { Database } from "#db/client.ts";
import type { Log } from "#log";
import type { StreamBus } from "#runtime/stream-bus/bus.ts";

/** Redis when there is one; otherwise the table and NOTIFY, which also reach a second process on the same database. */
export async function openBus(config: Config, database: Database, log: Log): Promise<StreamBus> {
  if (config.REDIS_URL !== undefined) {
    const { openRedisBus } = await import("#runtime/stream-bus/redis.ts");
    return openRedisBus({ url: config.REDIS_URL, log });
  }
  const { openPostgresBus } = await import("#runtime/stream-bus/postgres.ts");
  return openPostgresBus({ database, log });
}
