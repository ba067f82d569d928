import type { Request } from "express";
import type { Log } from "#log";
import type { MetricsService, ServerMetrics } from "#ports/metrics.ts";
import type { Caller } from "#ports/caller.ts";
import type { Services } from "#ports/services.ts";
import type { SseOptions } from "./sse.ts";
import type { TellDenial } from "./tell-denials.ts";

/** What every group of routes works with. */
export interface RouteContext {
  services: Services;
  log: Log;
  /** Who asks. Throws `unauthorized` for a request without an acceptable identity. */
  caller: (request: Request) => Caller;
  /** How event streams are kept alive and slow readers dropped; for tests. */
  stream?: Omit<SseOptions, "log">;
  /** Told of what is refused inside of an answer; what a handler throws is told by itself. */
  tellDenial?: TellDenial | undefined;
  metrics?: (ServerMetrics & MetricsService) | null;
}
