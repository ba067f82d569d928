import { z } from "zod";
import { event } from "./event.ts";

const Release = { release_id: z.string(), number: z.number().int(), commit: z.string(), from: z.string().nullable() };

/** Written by the database itself with every change of a release's status (`slipway_tell_release`). Audited. */
export const DEPLOY_EVENTS = [
  event("deploy", "deploy.started", Release),
  event("deploy", "deploy.live", Release),
  event("deploy", "deploy.draining", Release),
  event("deploy", "deploy.retired", Release),
  event("deploy", "deploy.failed", Release),
  event("deploy", "deploy.rolled_back", Release),
  event("deploy", "rollback.requested", { reason: z.string(), release_id: z.string().nullable() }),
  event("deploy", "undeploy.requested", {}),
] as const;
