import { z } from "zod";
import { event } from "./event.ts";

const Tool = { tool: z.string(), node: z.string().nullable(), call_id: z.string().nullable() };

/** Names, times and kinds of failure; neither arguments nor results. */
export const TOOL_EVENTS = [
  event("tool", "tool.requested", Tool),
  event("tool", "tool.completed", { ...Tool, duration_ms: z.number() }),
  event("tool", "tool.failed", { ...Tool, duration_ms: z.number(), error: z.string() }),
] as const;
