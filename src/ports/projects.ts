/** Stacks that work out of the box, without network. */
export type Stack = "node" | "python";

/** What the analyst writes and the person approves. */
export interface ProjectSpec {
  goal: string;
  stack: Stack;
  acceptanceCriteria: string[];
  /** e.g. `node --test` or `python3 -m unittest`; run by the harness, without network. */
  testCommand: string;
  /** e.g. `node src/server.js`; gets PORT, HOST, RELEASE and STORAGE_DIR in its environment. */
  startCommand: string;
  /** e.g. `/health`. */
  healthPath: string;
}

export interface Project {
  id: string;
  owner: string;
  /** As the person calls it. Two projects of one owner may share a name; the slug differs. */
  name: string;
  /** Unique per installation, a DNS label: the host is `<slug>.localhost`. */
  slug: string;
  goal: string;
  stack: Stack;
  spec: ProjectSpec | null;
  createdAt: string;
}

export type DeliveryStatus = "planning" | "building" | "green" | "failed" | "cancelled" | "deployed";

/** One pass of a request through engineering and devops. Its id is the engineering thread's id. */
export interface Delivery {
  id: string;
  projectId: string;
  request: string;
  status: DeliveryStatus;
  branch: string | null;
  baseSha: string | null;
  headSha: string | null;
  reportId: string | null;
  releaseId: string | null;
  rounds: number;
  createdAt: string;
}

/** Checkpoint, commit, test report and release of a step stand in one row, so that a fork moves them together. */
export interface DeliveryStep {
  deliveryId: string;
  threadId: string;
  checkpointId: string;
  node: string;
  round: number;
  commitSha: string | null;
  reportId: string | null;
  releaseId: string | null;
}

export interface ProjectsPort {
  /** Idempotent per (thread, branch, call): a replayed parent gets the project it already made. */
  create(input: { call: string; name: string; goal: string; stack: Stack }): Promise<Project>;
  get(projectId: string): Promise<Project>;
  /** Newest first: those that the owner of the run may work on, by themselves or because they are shared. */
  list(): Promise<Project[]>;
  /** By name or slug, ignoring case; the newest when several share the name; null when there is none. */
  find(nameOrSlug: string): Promise<Project | null>;
  saveSpec(projectId: string, spec: ProjectSpec): Promise<Project>;
  /** Creates or updates the row of a delivery; absent fields are left as they are. */
  saveDelivery(delivery: Partial<Delivery> & { id: string; projectId: string }): Promise<Delivery>;
  deliveries(projectId: string): Promise<Delivery[]>;
  recordStep(step: DeliveryStep): Promise<void>;
}
