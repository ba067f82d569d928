import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import type { Database, Subscription } from "#db/client.ts";
import { RUNS_CHANNEL, type RunHint } from "#db/queries/notify.ts";
import type { Log } from "#log";
import type { RuntimeMetrics } from "#ports/metrics.ts";
import type { Services } from "#ports/services.ts";
import { approvalChores } from "./approval-chores.ts";
import { makeApprovalsPort } from "./approvals-port.ts";
import { makeApprovalsService } from "./approvals-service.ts";
import { ensureSystemAssistants, type GraphDefaults, makeAssistantsService } from "./assistants.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { ClaimedRun } from "./claimed-run.ts";
import type { Chore } from "./chore.ts";
import { CronRuns } from "./cron-runs.ts";
import { makeCronsService } from "./crons.ts";
import { expiredRows } from "./expired-rows.ts";
import { expiredThreads } from "./expired-threads.ts";
import { LastValues } from "./last-values.ts";
import type { LoadedGraphs } from "./load-graphs.ts";
import { expiredItems } from "./expired-items.ts";
import { KEEP_FOR_EVER, type Retention } from "./retention.ts";
import { RunStatuses } from "./run-statuses.ts";
import { makePoliciesService } from "./policies-service.ts";
import { makeRunsService } from "./runs.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { makeStoreService } from "./store-service.ts";
import type { StreamBus } from "./stream-bus/bus.ts";
import { mendStoreOfNodes } from "./store-in-nodes.ts";
import { spareRunTrees } from "./untraced-run-trees.ts";
import { Sweeper } from "./sweeper.ts";
import { temporaryThreads } from "./temporary-threads.ts";
import { makeTeamsPort } from "./teams-port.ts";
import { makeThreadProtocol } from "./thread-events/thread-commands.ts";
import { makeThreadStream } from "./thread-stream.ts";
import { makeThreadsService } from "./threads.ts";
import { WebhookSender } from "./webhooks/webhook-sender.ts";
import { NO_WEBHOOK_SETTINGS, type WebhookSettings } from "./webhooks/webhook-settings.ts";
import { Worker } from "./worker.ts";

export interface RuntimeOptions {
  database: Database;
  bus: StreamBus;
  graphs: LoadedGraphs;
  checkpointer: Checkpointer;
  store: BaseStore;
  /** Callers and graphs share one store, because the project's own rules are about every use of it. */
  sharedStore?: boolean;
  /** Between two sweeps of expired items. */
  storeSweepMinutes?: number | undefined;
  log: Log;
  /** `server` only takes requests; its runs are executed by another process on the same database. */
  role: "all" | "server" | "worker";
  /** Concurrent runs of this process. */
  jobs: number;
  leaseSeconds: number;
  jobTimeoutSeconds: number;
  drainSeconds: number;
  /** How long threads are kept. Default: for ever. */
  retention?: Retention;
  /** How long a cancelled node may go on before its thread is given to the next run. Default 30. */
  settleSeconds?: number;
  /** How the ends of runs are told; unsigned and to public addresses only unless given. */
  webhooks?: WebhookSettings;
  metrics?: RuntimeMetrics;
  /** What crons go by. Default: the database's clock, which is one for all processes. */
  clock?: () => Date;
  /** The rules of the project for somebody who is not there to ask: the maker of a cron. */
  judgeOf?: NonNullable<RuntimeContext["judgeOf"]> | null;
  /** How long such a rule may take. Default 10. */
  judgeSeconds?: number;
  /** Default configuration per graph (`LANGGRAPH_CONFIG`). */
  graphDefaults?: GraphDefaults;
  /** Ports of a run, narrowed to its owner; `teams` and `approvals` are the runtime's own. Null: graphs run without ports. */
  makeRunPorts: RuntimeContext["makeRunPorts"] | null;
  sealSecretAnswer: RuntimeContext["sealSecretAnswer"];
}

const UNCOUNTED: RuntimeMetrics = { runClaimed() {}, runEnded() {}, webhookSent() {} };

export interface Runtime extends AsyncDisposable {
  readonly services: Pick<Services, "assistants" | "threads" | "runs" | "threadStream" | "threadProtocol" | "crons" | "store" | "approvals" | "policies">;
  /** Begins to execute runs and to sweep; requests are taken before that too. */
  start(): Promise<void>;
  /** Takes nothing new and gives running runs back at their next step; resolves when none is left here. */
  drain(): Promise<void>;
  /** Runs executed here now. */
  busy(): number;
}

/**
 * Wires a runtime over a database. Any number of runtimes, in one process or many, may share one database: the run table is the queue, NOTIFY
 * is a hint, and a sweep once a second finds what no hint brought.
 */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  mendStoreOfNodes();
  spareRunTrees();
  const context: RuntimeContext = {
    database: options.database,
    bus: options.bus,
    graphs: options.graphs,
    checkpointer: options.checkpointer,
    store: options.store,
    sharedStore: options.sharedStore ?? false,
    log: options.log,
    workerId: `${hostname().slice(0, 30)}:${process.pid}:${randomUUID().slice(0, 8)}`,
    executes: options.role !== "server",
    runStatuses: new RunStatuses(options.database.sql),
    lastValues: new LastValues(),
    jobs: options.jobs,
    leaseSeconds: options.leaseSeconds,
    jobTimeoutSeconds: options.jobTimeoutSeconds,
    drainSeconds: options.drainSeconds,
    retention: options.retention ?? KEEP_FOR_EVER,
    settleSeconds: options.settleSeconds ?? 30,
    webhooks: options.webhooks ?? NO_WEBHOOK_SETTINGS,
    metrics: options.metrics ?? UNCOUNTED,
    clock: options.clock ?? null,
    judgeOf: options.judgeOf ?? null,
    judgeSeconds: options.judgeSeconds ?? 10,
    makeRunPorts: options.makeRunPorts,
    sealSecretAnswer: options.sealSecretAnswer,
  };
  await ensureSystemAssistants(context, options.graphDefaults ?? {});
  const worker: Worker | null = context.executes ? new Worker(context, (run) => portsOfRun(run)) : null;
  if (worker !== null) options.checkpointer.onLeaseLost = ({ runId, epoch }) => worker.lost(runId, epoch);
  const runs = makeRunsService(context, worker);
  const webhooks = new WebhookSender(context);
  const crons = new CronRuns(context);
  const approvals = approvalChores(context, worker);
  const sweeper =
    worker === null
      ? null
      : new Sweeper(context, worker, [
          temporaryThreads(context),
          expiredThreads(context, worker),
          expiredItems(context, options.storeSweepMinutes),
          webhooks,
          expiredRows(context),
          crons,
          approvals,
        ]);
  let subscription: Subscription | null = null;

  function portsOfRun(run: ClaimedRun) {
    if (context.makeRunPorts === null || worker === null) return null;
    const identity = { owner: run.owner, threadId: run.thread_id, runId: run.run_id, graphId: run.graph_id, branch: run.branch };
    return {
      ...context.makeRunPorts(identity),
      run: identity,
      teams: makeTeamsPort(context, worker, runs, run),
      approvals: makeApprovalsPort(context, worker, run),
    };
  }

  async function drain(): Promise<void> {
    await sweeper?.stop();
    await Promise.all([webhooks.stop(), crons.stop()]);
    await worker?.drain();
  }

  const threads = makeThreadsService(context, worker);
  return {
    services: {
      assistants: makeAssistantsService(context),
      threads,
      runs,
      threadStream: makeThreadStream(context, threads),
      threadProtocol: makeThreadProtocol(context, { runs, threads }),
      crons: makeCronsService(context),
      store: makeStoreService(context),
      approvals: makeApprovalsService(context, worker),
      policies: makePoliciesService(context),
    },
    async start() {
      if (worker === null || sweeper === null) return;
      await worker.start();
      subscription = await options.database.listen(RUNS_CHANNEL, {
        onNotify: (payload) => hint(payload, worker, sweeper, approvals),
        onSubscribed: () => sweeper.sweep(),
      });
      sweeper.start();
    },
    drain,
    busy: () => worker?.busy ?? 0,
    async [Symbol.asyncDispose]() {
      await subscription?.[Symbol.asyncDispose]();
      await drain();
      await worker?.[Symbol.asyncDispose]();
    },
  };
}

function hint(payload: string, worker: Worker, sweeper: Sweeper, approvals: Chore): void {
  // written by `notifyRuns` only
  const read = JSON.parse(payload) as RunHint;
  if (read.kind === "cancel") worker.cancelled(read.runId);
  else if (read.kind === "outbox") sweeper.wakeParents();
  else if (read.kind === "approvals") sweeper.now(approvals);
  else worker.look();
}
