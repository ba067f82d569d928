import type { CronCreate, CronUpdate } from "#protocol/crons.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import type { Command, CommandAnswer } from "#protocol/v2/commands.ts";
import type { EventsFilter } from "#protocol/v2/events-filter.ts";
import type { DryRunRequest, PolicyCreate } from "#protocol/policies.ts";
import type { StoreItem } from "#protocol/store.ts";
import type { Assistant, Checkpoint, Cron, JsonObject, Run, RunStatus, StreamFrame, Thread, ThreadState, ThreadStatus } from "#protocol/wire.ts";
import type { CallerUser, Judge } from "./access.ts";
import type { EventsService } from "./events.ts";
import type { Credential, KeysService, Limits, ProjectRole, ProjectShare, Rights } from "./identity.ts";
import type { ThreadStorage, ThreadTtl } from "#protocol/threads.ts";
import type { ApprovalChange, ApprovalMetrics, BatchResult, Decision, InboxApproval } from "./approvals.ts";
import type { SandboxLevel } from "./commands.ts";
import type { ModelMode } from "./models.ts";
import type { DryRun, Policy } from "./policies.ts";
import type { Project } from "./projects.ts";
import type { DeployOutcome, ServiceStatus } from "./releases.ts";

/**
 * What the HTTP layer may ask of the runtime. Every method takes the caller; what is not theirs is `not_found`. Implemented in
 * `runtime/`, `governance/` and `delivery/`, wired by `main.ts`, so that `server/` never sees a table, a graph or a process.
 */
export interface Caller {
  /** Owner of what is made, and of what is seen unless a rule decides: the identity; `local` under AUTH=none. */
  readonly owner: string;
  /** What graphs are told about the caller, JSON. Absent: the owner's name is all there is. */
  readonly user?: CallerUser;
  /** The rules of the project, asked before anything is done. Absent: there are none, and an owner has their own things. */
  readonly judge?: Judge;
  /** Under `AUTH`: what the caller may do at most. Absent: nothing is held back but what is somebody else's. */
  readonly rights?: Rights;
  /** Under `AUTH`: what can end while a request is open. */
  readonly credential?: Credential;
  /** Under `AUTH`. Absent: none. */
  readonly limits?: Limits;
}

export interface Page {
  limit: number;
  offset: number;
}

export interface AssistantsService {
  create(
    caller: Caller,
    input: {
      graph_id: string;
      assistant_id?: string;
      name?: string;
      description?: string | null;
      config?: JsonObject;
      context?: JsonObject;
      metadata?: JsonObject;
      if_exists?: "raise" | "do_nothing";
    },
  ): Promise<Assistant>;
  /** By uuid or graph id. */
  get(caller: Caller, assistantId: string): Promise<Assistant>;
  search(
    caller: Caller,
    input: Page & { graph_id?: string; name?: string; metadata?: JsonObject; sort_by?: string; sort_order?: "asc" | "desc" },
  ): Promise<{ items: Assistant[]; total: number }>;
  update(
    caller: Caller,
    assistantId: string,
    input: { graph_id?: string; name?: string; description?: string | null; config?: JsonObject; context?: JsonObject; metadata?: JsonObject },
  ): Promise<Assistant>;
  /** Answers the id of what is gone. */
  delete(caller: Caller, assistantId: string): Promise<string>;
  versions(caller: Caller, assistantId: string, input: Page & { metadata?: JsonObject }): Promise<JsonObject[]>;
  setLatest(caller: Caller, assistantId: string, version: number): Promise<Assistant>;
  /** `xray`: expand subgraphs, `true` or a depth. */
  graph(caller: Caller, assistantId: string, xray: boolean | number): Promise<JsonObject>;
  schemas(caller: Caller, assistantId: string): Promise<JsonObject>;
  subgraphs(caller: Caller, assistantId: string, input: { namespace?: string; recurse: boolean }): Promise<JsonObject>;
}

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

/** A live view of a run's stream; ends when the run's final status is committed. */
export type RunStream = AsyncIterable<StreamFrame>;

export interface RunsService {
  /**
   * Inserts the run by the thread's multitask rules. `threadId` null: stateless, on a temporary thread.
   * A resume claims its approvals in the same transaction: nothing pending is `nothing_to_resume`, somebody else's decision `already_decided`.
   * The same `idempotencyKey` again answers the run that it made, as it stands; with another request it is `idempotency_conflict`.
   */
  create(
    caller: Caller,
    threadId: string | null,
    input: RunCreate,
    /** `threadEvents`: the run is followed over protocol v2. */
    extra: { headers: Record<string, string>; idempotencyKey?: string | null; threadEvents?: boolean },
  ): Promise<Run>;
  /** Stateless runs, in order. */
  createMany(caller: Caller, inputs: RunCreate[], extra: { headers: Record<string, string>; idempotencyKey?: string | null }): Promise<Run[]>;
  /**
   * Creates and follows: `stream` starts before the run does, so no event is missed. `abort` of the signal means that the client
   * went away; the run is cancelled when `on_disconnect` says so.
   */
  stream(
    caller: Caller,
    threadId: string | null,
    input: RunCreate,
    extra: { headers: Record<string, string>; signal: AbortSignal; idempotencyKey?: string | null },
  ): Promise<{ run: Run; stream: RunStream }>;
  /**
   * Creates and waits: `values` are those that `join` answers; after a cancellation what the thread holds. `abort` of the signal as above.
   */
  wait(
    caller: Caller,
    threadId: string | null,
    input: RunCreate,
    extra: { headers: Record<string, string>; signal: AbortSignal; idempotencyKey?: string | null },
  ): Promise<{ run: Run; values: Promise<unknown> }>;
  /** Final values of the thread, or `{__error__: {error, message}}` for a failed run. Null after an interruption by cancel. */
  join(caller: Caller, threadId: string | null, runId: string, input: { cancelOnDisconnect: boolean; signal: AbortSignal }): Promise<unknown>;
  /** `lastEventId` null: what is new, or all of a run that nobody streamed and that is not resumable; "-1": from the start of the buffer. */
  joinStream(
    caller: Caller,
    threadId: string | null,
    runId: string,
    input: { lastEventId: string | null; cancelOnDisconnect: boolean; streamModes: string[] | null; signal: AbortSignal },
  ): Promise<RunStream>;
  list(caller: Caller, threadId: string, input: Page & { status?: RunStatus }): Promise<{ items: Run[]; total: number }>;
  get(caller: Caller, threadId: string | null, runId: string): Promise<Run>;
  delete(caller: Caller, threadId: string, runId: string): Promise<void>;
  /** Returns once the cancellation is recorded, or with `wait` once the run has settled. A finished run: no effect, no error. */
  cancel(caller: Caller, threadId: string, runId: string, input: { action: "interrupt" | "rollback"; wait: boolean }): Promise<void>;
  cancelMany(
    caller: Caller,
    input: { thread_id?: string; run_ids?: string[]; status?: "pending" | "running" | "all"; action: "interrupt" | "rollback" },
  ): Promise<void>;
}

export interface CronFilter {
  /** A uuid or a graph's id. */
  assistant_id?: string;
  thread_id?: string;
  enabled?: boolean;
  metadata?: JsonObject;
}

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

/** The stream of a whole thread in v1: of each run what it streams, `run_done` after it, over all runs. */
export interface ThreadStreamService {
  /**
   * `run_modes`: everything that runs stream, and their ends. `lifecycle`: their starts and ends. `state_update`: the state when it changed and
   * rests. `lastEventId` null: from now, `-`: from the start of what is kept. Stays open until the signal.
   */
  join(
    caller: Caller,
    threadId: string,
    input: { lastEventId: string | null; modes: readonly ("run_modes" | "lifecycle" | "state_update")[]; signal: AbortSignal },
  ): Promise<AsyncIterable<StreamFrame>>;
}

/** Protocol v2: a thread is commanded and followed as a whole. */
export interface ThreadProtocolService {
  /**
   * Never about subscriptions: those belong to a connection. What is wrong with the command's params is an answer of type `error`; what is
   * wrong with the caller, the thread or the assistant is thrown.
   */
  command(caller: Caller, threadId: string, command: Command, extra: { headers: Record<string, string> }): Promise<CommandAnswer>;
  /**
   * The thread's events that pass any of the filters: those kept after `since`, then what comes, over all runs, until the signal. A frame's id is the event's, its name the
   * event's method, its data the whole event. A thread that is not there yet is waited for. Where events after `since` are not kept any more,
   * the current state comes in their place.
   */
  events(
    caller: Caller,
    threadId: string,
    wanted: { filters: readonly EventsFilter[]; since: number },
    signal: AbortSignal,
  ): Promise<AsyncIterable<StreamFrame>>;
  /** Events that are kept, pass the filter, come after its `since`, and are numbered up to `upTo`. */
  kept(caller: Caller, threadId: string, filter: EventsFilter, upTo: number, signal: AbortSignal): Promise<AsyncIterable<StreamFrame>>;
}

export interface StoreService {
  /** `index`: what is embedded of it, false for nothing. `ttl` in minutes, null for ever; as configured when absent. A failing embedding stores nothing. */
  put(caller: Caller, input: { namespace: string[]; key: string; value: JsonObject; index?: false | string[]; ttl?: number | null }): Promise<void>;
  /** `refresh_ttl`: whether this read lets the item's time begin anew; as configured when absent. */
  get(caller: Caller, input: { namespace: string[]; key: string; refresh_ttl?: boolean }): Promise<StoreItem | null>;
  delete(caller: Caller, input: { namespace: string[]; key: string }): Promise<void>;
  search(caller: Caller, input: Page & { namespace_prefix: string[]; filter?: JsonObject; query?: string; refresh_ttl?: boolean }): Promise<StoreItem[]>;
  namespaces(caller: Caller, input: Page & { prefix?: string[]; suffix?: string[]; max_depth?: number }): Promise<string[][]>;
}

export interface ApprovalsService {
  /** The newest first. */
  list(caller: Caller, input: Page & ApprovalsFilter): Promise<{ items: InboxApproval[]; total: number }>;
  get(caller: Caller, approvalId: string): Promise<InboxApproval>;
  /** Decides and starts the resume run. Already decided: `already_decided` with who and when. */
  decide(caller: Caller, approvalId: string, decision: Decision | unknown): Promise<InboxApproval>;
  /** One by one, each with its own outcome. `invalid_request` when any two are not alike, or one deserves a look of its own. */
  decideMany(caller: Caller, input: { approval_ids: string[]; decision: unknown }): Promise<{ results: BatchResult[] }>;
  /** Null: back to everybody. */
  assign(caller: Caller, approvalId: string, assignee: string | null): Promise<InboxApproval>;
  /** The oldest first. */
  history(caller: Caller, approvalId: string, page: Page): Promise<{ items: ApprovalChange[]; total: number }>;
  /** Over what was asked in the last days, without mirrors. */
  metrics(caller: Caller, input: { days: number }): Promise<ApprovalMetrics>;
}

export interface ApprovalsFilter {
  state?: string;
  kind?: string;
  risk?: string;
  project_id?: string;
  thread_id?: string;
  assignee?: string;
  agent?: string;
  /** Also what shows a team's question once more; absent: only where a `thread_id` is given. */
  mirrors?: boolean;
}

/** Rules about what people are asked (docs/approvals.md). Administrators only. */
export interface PoliciesService {
  /** In order, those that Slipway brings last. */
  list(caller: Caller, page: Page): Promise<{ items: Policy[]; total: number }>;
  get(caller: Caller, policyId: string): Promise<Policy>;
  create(caller: Caller, input: PolicyCreate): Promise<Policy>;
  /** Questions that are asked already stay as they were ruled. */
  replace(caller: Caller, policyId: string, input: PolicyCreate): Promise<Policy>;
  delete(caller: Caller, policyId: string): Promise<void>;
  /** `policies`: instead of those that are stored. Decides nothing. */
  dryRun(caller: Caller, input: DryRunRequest): Promise<DryRun>;
}

export interface ModelUsage {
  calls: number;
  input_tokens: number;
  output_tokens: number;
  /** Calls answered from a recording. */
  replayed: number;
}

/** What the caller may do with a project. `decides`: it is nobody's that they know, and they decide about everybody's deployments. */
export type RoleInProject = ProjectRole | "admin" | "decides";

export type ProjectInService = Project & { role: RoleInProject; service: ServiceStatus };

export interface ProjectsService {
  /** Their own, those that are shared with them, and everybody's for administrators and approvers. The newest first. */
  list(caller: Caller, page: Page & { owner?: string }): Promise<{ items: ProjectInService[]; total: number }>;
  /** With what the model calls of its teams, and of the conversations that started them, used. */
  get(caller: Caller, projectId: string): Promise<ProjectInService & { usage: ModelUsage }>;
  rollback(caller: Caller, projectId: string, input: { releaseId?: string; fromReleaseId?: string; reason: string }): Promise<DeployOutcome>;
  undeploy(caller: Caller, projectId: string): Promise<ServiceStatus>;
  logs(caller: Caller, projectId: string, lines: number): Promise<string>;
  shares(caller: Caller, projectId: string): Promise<ProjectShare[]>;
  /** Shares, or changes as what. Who is an editor no more has their work on it ended. */
  share(caller: Caller, projectId: string, input: { user: string; role: ProjectShare["role"] }): Promise<ProjectShare>;
  /** Also one's own, which is to leave. `not_found` when it is not shared with them. */
  unshare(caller: Caller, projectId: string, user: string): Promise<void>;
}

export interface SystemService {
  /** True once migrations are done, graphs are loaded and work can be taken. */
  ready(): boolean;
  info(): { version: string; langgraph_js_version: string; sandbox: SandboxLevel; models: ModelMode; graphs: { id: string; error: string | null }[] };
}

/** A built file of a graph's components. */
export interface UiFile {
  readonly name: string;
  readonly contents: Buffer;
}

export interface UiService {
  /** The bundle of a graph's components, script and styles. `not_found` for a graph without; `graph_load_failed` with the compiler's words. */
  files(graphId: string): Promise<readonly UiFile[]>;
  /** Under which the script of a graph's bundle can be asked to render. */
  globalName(graphId: string): string;
}

export interface Services {
  assistants: AssistantsService;
  threads: ThreadsService;
  runs: RunsService;
  threadStream: ThreadStreamService;
  threadProtocol: ThreadProtocolService;
  crons: CronsService;
  store: StoreService;
  approvals: ApprovalsService;
  events: EventsService;
  policies: PoliciesService;
  projects: ProjectsService;
  ui: UiService;
  system: SystemService;
  /** Absent or null: keys are not in use. */
  keys?: KeysService | null;
}
