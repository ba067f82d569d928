import type { EventsService } from "./events.ts";
import type { KeysService } from "./identity.ts";
import type { ApprovalsService } from "./services/approvals.ts";
import type { AssistantsService } from "./services/assistants.ts";
import type { CronsService } from "./services/crons.ts";
import type { PoliciesService } from "./services/policies.ts";
import type { ProjectsService } from "./services/projects.ts";
import type { RunsService } from "./services/runs.ts";
import type { StoreService } from "./services/store.ts";
import type { SystemService } from "./services/system.ts";
import type { ThreadProtocolService } from "./services/thread-protocol.ts";
import type { ThreadStreamService } from "./services/thread-stream.ts";
import type { ThreadsService } from "./services/threads.ts";
import type { UiService } from "./services/ui.ts";

/**
 * What the HTTP layer may ask of the runtime. Every method takes the caller; what is not theirs is `not_found`. Implemented in
 * `runtime/`, `governance/` and `delivery/`, wired by `main.ts`, so that `server/` never sees a table, a graph or a process.
 */
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
