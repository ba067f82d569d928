import type { CronCreate, CronUpdate } from "#protocol/crons.ts";
import type { Cron, JsonObject } from "#protocol/wire.ts";
import type { Caller } from "../caller.ts";
import type { Page } from "../page.ts";

export interface CronFilter {
  /** A uuid or a graph's id. */
  assistant_id?: string;
  thread_id?: string;
  enabled?: boolean;
  metadata?: JsonObject;
}

/** Runs that begin by the clock. */
export interface CronsService {
  /** `threadId` null: every tick makes a thread. A schedule or time zone that cannot be read, or never comes to pass, is `invalid_request`. */
  create(caller: Caller, threadId: string | null, input: CronCreate): Promise<Cron>;
  get(caller: Caller, cronId: string): Promise<Cron>;
  update(caller: Caller, cronId: string, input: CronUpdate): Promise<Cron>;
  /** Runs that it started go on. */
  delete(caller: Caller, cronId: string): Promise<void>;
  search(
    caller: Caller,
    input: Page &
      CronFilter & {
        sort_by?: "cron_id" | "assistant_id" | "thread_id" | "created_at" | "updated_at" | "next_run_date";
        sort_order?: "asc" | "desc";
      },
  ): Promise<{ items: Cron[]; total: number }>;
  count(caller: Caller, input: CronFilter): Promise<number>;
}
