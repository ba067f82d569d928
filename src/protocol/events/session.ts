import { z } from "zod";
import { event } from "./event.ts";

/** A conversation is a thread. Of messages it is told that they are, never what they say. */
export const SESSION_EVENTS = [
  event("session", "session.created", { parent_thread_id: z.string().nullable() }),
  event("session", "session.deleted", {}),
  event("session", "message.added", { role: z.enum(["user", "assistant"]), characters: z.number().int() }),
] as const;
