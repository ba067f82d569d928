import type { Request } from "express";
import type { Log } from "#log";
import type { Caller, Services } from "#ports/services.ts";

/** What every group of routes works with. */
export interface RouteContext {
  services: Services;
  log: Log;
  /** Who asks. Throws `unauthorized` for a request without an acceptable identity. */
  caller: (request: Request) => Caller;
}
