import type { BaseStore } from "@langchain/langgraph-checkpoint";
import type { Database } from "#db/client.ts";
import type { CallerUser, Judge } from "#ports/access.ts";
import type { Log } from "#log";
import type { SealSecretAnswer } from "#governance/approvals.ts";
import type { RuntimeMetrics } from "#ports/metrics.ts";
import type { RunIdentity, RunPorts } from "#ports/run.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { LastValues } from "./last-values.ts";
import type { LoadedGraphs } from "./load-graphs.ts";
import type { Retention } from "./retention.ts";
import type { RunStatuses } from "./run-statuses.ts";
import type { StreamBus } from "./stream-bus/bus.ts";
import type { WebhookSettings } from "./webhooks/webhook-settings.ts";

/** What everything in this room stands on; made once by `create-runtime.ts`. */
export interface RuntimeContext {
  readonly database: Database;
  readonly bus: StreamBus;
  readonly graphs: LoadedGraphs;
  readonly checkpointer: Checkpointer;
  readonly store: BaseStore;
  /** All callers and all graphs use one space of the store, guarded by the project's rules; else each owner has their own. */
  readonly sharedStore: boolean;
  readonly log: Log;
  /** Name of this process in the rows it claims. */
  readonly workerId: string;
  /** Runs are executed here. */
  readonly executes: boolean;
  readonly runStatuses: RunStatuses;
  /** What runs of this process ended with. */
  readonly lastValues: LastValues;
  readonly jobs: number;
  readonly leaseSeconds: number;
  readonly jobTimeoutSeconds: number;
  readonly drainSeconds: number;
  readonly retention: Retention;
  /** How long a cancelled node may go on before its thread is given away. */
  readonly settleSeconds: number;
  /** What crons go by. Null: the database's clock, which is one for all processes. */
  readonly clock: (() => Date) | null;
  /** The rules of the project for somebody who is not there to ask: the maker of a cron. Null: there are none. */
  readonly judgeOf: ((user: CallerUser) => Judge) | null;
  /** How long such a rule may think, while its cron and its thread are locked. */
  readonly judgeSeconds: number;
  readonly webhooks: WebhookSettings;
  readonly metrics: RuntimeMetrics;
  /** Everything a node of ours may do, but for what this room brings itself. Null: graphs run without ports. */
  readonly makeRunPorts: ((identity: RunIdentity) => Omit<RunPorts, "teams" | "approvals">) | null;
  /** Replaces the values of a `secret` answer by references, before anything is stored. */
  readonly sealSecretAnswer: SealSecretAnswer;
}
