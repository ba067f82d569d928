import type { ThreadStorage, ThreadTtl } from "#protocol/threads.ts";
import type { Checkpoint, JsonObject, Thread, ThreadState, ThreadStatus } from "#protocol/wire.ts";
import type { Caller } from "../caller.ts";
import type { Page } from "../page.ts";

/** Which threads are looked for, and what is shown of them. */
export interface ThreadSearch extends Page {
  metadata?: JsonObject;
  values?: JsonObject;
  status?: ThreadStatus;
  ids?: string[];
  sort_by?: "thread_id" | "status" | "created_at" | "updated_at";
  sort_order?: "asc" | "desc";
  /** What is shown of a thread; absent: all of it. */
  select?: readonly string[];
  /** Paths of what is shown besides, in their steps. */
  extract?: Readonly<Record<string, readonly (string | number)[]>>;
}

/** Threads, their state and its history. */
export interface ThreadsService {
  create(
    caller: Caller,
    input: {
      thread_id?: string;
      metadata?: JsonObject;
      if_exists?: "raise" | "do_nothing";
      supersteps?: { updates: { values: unknown; command?: unknown; as_node: string }[] }[];
      ttl?: ThreadTtl;
    },
  ): Promise<Thread>;
  get(caller: Caller, threadId: string, input?: { include: readonly ("ttl" | "storage")[] }): Promise<Thread>;
  search(caller: Caller, input: ThreadSearch): Promise<{ items: Thread[]; total: number }>;
  count(caller: Caller, input: Omit<ThreadSearch, keyof Page>): Promise<number>;
  /** `ttl` null: it is kept for ever. */
  update(caller: Caller, threadId: string, input: { metadata: JsonObject; ttl?: ThreadTtl | null }): Promise<Thread>;
  /** With all it holds and the threads of its teams; what runs there is stopped. */
  delete(caller: Caller, threadId: string): Promise<void>;
  /**
   * `delete`, or `keep_latest`: to the state it is in. Threads that are not there are passed over, and so are, with `keep_latest`, those with
   * a run that is not over. Answers how many were pruned.
   */
  prune(caller: Caller, input: { thread_ids: readonly string[]; strategy: "delete" | "keep_latest" }): Promise<number>;
  storage(caller: Caller, threadId: string): Promise<ThreadStorage>;
  copy(caller: Caller, threadId: string): Promise<Thread>;
  state(caller: Caller, threadId: string, input: { checkpoint?: Partial<Checkpoint>; subgraphs: boolean }): Promise<ThreadState>;
  updateState(
    caller: Caller,
    threadId: string,
    input: { values: unknown; as_node?: string; checkpoint?: Partial<Checkpoint> },
  ): Promise<{ checkpoint: Checkpoint }>;
  history(
    caller: Caller,
    threadId: string,
    input: { limit: number; before?: Partial<Checkpoint>; metadata?: JsonObject; checkpoint?: Partial<Checkpoint> },
  ): Promise<ThreadState[]>;
}
