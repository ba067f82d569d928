import type { LogEvent } from "#protocol/events/events.ts";
import type { Caller } from "./caller.ts";

/** Which events are asked for; absent conditions hold for all. */
export interface EventFilter {
  categories?: readonly string[];
  /** With `*` for any text; one of them must fit. */
  types?: readonly string[];
  thread_id?: string;
  run_id?: string;
  project_id?: string;
  /** The conversation, with what its teams do. */
  correlation_id?: string;
  since?: Date;
  until?: Date;
}

export interface EventPage {
  limit: number;
  order: "asc" | "desc";
  /** The number after which (or, in descending order, before which) the page begins. */
  cursor?: number;
}

export interface AuditEntry {
  seq: number;
  id: string;
  at: string;
  type: string;
  category: string;
  owner: string | null;
  actor: string | null;
  thread_id: string | null;
  run_id: string | null;
  project_id: string | null;
  correlation_id: string | null;
  causation_id: string | null;
  data: Record<string, unknown>;
  previous_hash: string;
  hash: string;
}

/** Milliseconds; null where nothing was measured. */
export interface Times {
  average_ms: number | null;
  p50_ms: number | null;
  p95_ms: number | null;
}

export interface EventMetrics {
  events: { total: number; by_category: Record<string, number>; by_type: Record<string, number> };
  /** When the first and the last of them were. */
  first_at: string | null;
  last_at: string | null;
  sessions: number;
  runs: { started: number; ended: number; by_status: Record<string, number> } & Times;
  /** `cost_usd`: of the calls whose price is known; null when none is. */
  models: { calls: number; failed: number; input_tokens: number; output_tokens: number; cost_usd: number | null } & Times;
  tools: { calls: number; failed: number; by_tool: Record<string, number> } & Times;
  approvals: { required: number; decided: number; expired: number; by_decision: Record<string, number> } & Times;
}

export interface SessionMetrics extends EventMetrics {
  session_id: string;
}

/** What happened, to whoever it is about; administrators see everybody's. */
export interface EventsService {
  list(caller: Caller, filter: EventFilter, page: EventPage): Promise<{ items: LogEvent[]; next_cursor: number | null; last_seq: number }>;
  /** What was after `after` (null: what comes from now on), then what comes. Ends quietly on abort. */
  follow(caller: Caller, filter: EventFilter, options: { after: number | null; signal: AbortSignal }): Promise<AsyncIterable<LogEvent>>;
  metrics(caller: Caller, filter: Pick<EventFilter, "since" | "until">): Promise<EventMetrics>;
  /** `not_found` for a conversation of which nothing within reach is told. */
  sessionMetrics(caller: Caller, sessionId: string): Promise<SessionMetrics>;
  sessions(
    caller: Caller,
    filter: Pick<EventFilter, "since" | "until">,
    page: { limit: number; offset: number },
  ): Promise<{ items: SessionMetrics[]; total: number }>;
  /** `head`: number and hash of the newest row of all. */
  auditLog(
    caller: Caller,
    filter: EventFilter & { actor?: string; owner?: string },
    page: EventPage,
  ): Promise<{ items: AuditEntry[]; next_cursor: number | null; head: { seq: number; hash: string } }>;
}
