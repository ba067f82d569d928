import type { Database } from "#db/client.ts";
import type { Log } from "#log";
import { type BusLimits, DEFAULT_BUS_LIMITS, type StreamBus } from "./bus.ts";
import { LogStreamBus } from "./log-bus.ts";
import { TableFrameLog } from "./table-log.ts";

/** The bus of several processes without Redis: a table, and NOTIFY as a hint. */
export async function openPostgresBus(options: { database: Database; log: Log; limits?: Partial<BusLimits> }): Promise<StreamBus> {
  const limits = { ...DEFAULT_BUS_LIMITS, ...options.limits };
  return new LogStreamBus(new TableFrameLog(options.database, options.log, limits), options.log, limits).open();
}
