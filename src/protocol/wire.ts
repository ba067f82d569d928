/** Shapes that the LangGraph Server API sends. Field names are the wire's. Sources: reference implementation and its clients. */
export type ThreadStatus = "idle" | "busy" | "interrupted" | "error";
export type RunStatus = "pending" | "running" | "error" | "success" | "timeout" | "interrupted";
export type MultitaskStrategy = "reject" | "enqueue" | "interrupt" | "rollback";
export type JsonObject = Record<string, unknown>;

export interface Assistant {
  assistant_id: string;
  graph_id: string;
  name: string;
  description: string | null;
  version: number;
  config: JsonObject;
  context: JsonObject;
  metadata: JsonObject;
  created_at: string;
  updated_at: string;
}

export interface Thread {
  thread_id: string;
  created_at: string;
  updated_at: string;
  metadata: JsonObject;
  status: ThreadStatus;
  config: JsonObject;
  values: unknown;
  interrupts: Record<string, { id: string; value: unknown }[]>;
  error?: unknown;
  /** Only where it was asked for. */
  ttl?: { strategy: "delete" | "keep_latest"; ttl_minutes: number; expires_at: string } | null;
  storage?: JsonObject;
}

export interface Checkpoint {
  thread_id: string;
  checkpoint_ns: string;
  checkpoint_id: string | null;
  checkpoint_map: JsonObject | null;
}

export interface ThreadTask {
  id: string;
  name: string;
  path: unknown[];
  error: unknown;
  interrupts: { id: string; value: unknown }[];
  checkpoint: Checkpoint | null;
  state: ThreadState | null;
  result: unknown;
}

export interface ThreadState {
  values: unknown;
  next: string[];
  tasks: ThreadTask[];
  metadata: JsonObject;
  created_at: string | null;
  checkpoint: Checkpoint | null;
  parent_checkpoint: Checkpoint | null;
}

export interface Run {
  run_id: string;
  thread_id: string;
  assistant_id: string;
  created_at: string;
  updated_at: string;
  status: RunStatus;
  metadata: JsonObject;
  kwargs: JsonObject;
  multitask_strategy: MultitaskStrategy;
}

/** A run that begins by the clock, again and again. */
export interface Cron {
  cron_id: string;
  assistant_id: string;
  /** Null: every tick has a thread of its own. */
  thread_id: string | null;
  schedule: string;
  /** IANA name; null is UTC. */
  timezone: string | null;
  end_time: string | null;
  enabled: boolean;
  /** Why the server switched it off. */
  disabled_reason: string | null;
  on_run_completed: "delete" | "keep";
  payload: JsonObject;
  user_id: string;
  /** Null when there is none: switched off, or over. */
  next_run_date: string | null;
  metadata: JsonObject;
  created_at: string;
  updated_at: string;
}

/** One frame of a run's stream. `id` counts up from "0" per run and is the same on every bus. */
export interface StreamFrame {
  id: string;
  event: string;
  /** JSON text, one line. */
  data: string;
}
