import { z } from "zod";
import { event } from "./event.ts";

/** A graph at work with models or tools, in one run. */
export const AGENT_EVENTS = [
  event("agent", "agent.switched", { from: z.string().nullable(), to: z.string(), reason: z.string().optional() }),
  event("agent", "agent.started", { agent: z.string() }),
  event("agent", "agent.completed", { agent: z.string(), duration_ms: z.number() }),
  event("agent", "agent.paused", { agent: z.string(), duration_ms: z.number() }),
  event("agent", "agent.failed", { agent: z.string(), duration_ms: z.number(), error: z.string() }),
] as const;
