import { z } from "zod";
import { event } from "./event.ts";

const Run = { graph_id: z.string(), attempt: z.number().int() };

/** A run's way through the queue. */
export const RUN_EVENTS = [
  event("run", "run.created", { graph_id: z.string(), strategy: z.string() }),
  event("run", "run.started", { ...Run, queued_ms: z.number() }),
  event("run", "run.requeued", Run),
  event("run", "run.ended", { ...Run, status: z.string(), error: z.string().nullable(), duration_ms: z.number().nullable() }),
] as const;
