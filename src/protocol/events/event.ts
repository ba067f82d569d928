import { z } from "zod";

export const CATEGORIES = ["agent", "session", "run", "tool", "approval", "model", "deploy", "security"] as const;
export type EventCategory = (typeof CATEGORIES)[number];

/** Goes into the audit log as well. */
export const AUDITED: ReadonlySet<string> = new Set<EventCategory>(["approval", "deploy", "security"]);

const Told = {
  id: z.string(),
  /** Position in the log; without gaps, in the order in which events could be read. */
  seq: z.number().int(),
  /** With microseconds, UTC. */
  at: z.string(),
  owner: z.string().nullable(),
  actor: z.string().nullable(),
  thread_id: z.string().nullable(),
  run_id: z.string().nullable(),
  project_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  causation_id: z.string().nullable(),
};

/** The schema of one type of event as it is read. */
export function event<C extends EventCategory, T extends string, D extends z.ZodRawShape>(category: C, type: T, data: D) {
  return z.object({ ...Told, category: z.literal(category), type: z.literal(type), data: z.object(data) });
}
