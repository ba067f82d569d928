import { z } from "zod";
import { AGENT_EVENTS } from "./agent.ts";
import { APPROVAL_EVENTS } from "./approval.ts";
import { DEPLOY_EVENTS } from "./deploy.ts";
import type { EventCategory } from "./event.ts";
import { MODEL_EVENTS } from "./model.ts";
import { RUN_EVENTS } from "./run.ts";
import { SECURITY_EVENTS } from "./security.ts";
import { SESSION_EVENTS } from "./session.ts";
import { TOOL_EVENTS } from "./tool.ts";

const KINDS = [
  ...AGENT_EVENTS,
  ...SESSION_EVENTS,
  ...RUN_EVENTS,
  ...TOOL_EVENTS,
  ...APPROVAL_EVENTS,
  ...MODEL_EVENTS,
  ...DEPLOY_EVENTS,
  ...SECURITY_EVENTS,
] as const;

/** Something that happened. Told apart by `type`. */
export const LogEvent = z
  .discriminatedUnion("type", KINDS)
  .meta({ id: "Event", description: "Something that happened. Never secrets, never what messages say." });
export type LogEvent = z.output<typeof LogEvent>;
export type EventType = LogEvent["type"];

type Named<T extends EventType> = Extract<LogEvent, { type: T }>;

/** Every type with its category. */
export const CATEGORY_OF = Object.fromEntries(KINDS.map(({ shape }) => [shape.type.value, shape.category.value])) as Record<EventType, EventCategory>;

/** An event to be recorded. What is absent is null; `id` is made, `at` is now. */
export type NewEvent = {
  [T in EventType]: {
    type: T;
    data: Named<T>["data"];
    /** Whose thing it is about; null: nobody's, only for administrators. */
    owner: string | null;
    actor?: string | null;
    thread_id?: string | null;
    run_id?: string | null;
    project_id?: string | null;
    causation_id?: string | null;
    id?: string;
    at?: Date;
  };
}[EventType];
