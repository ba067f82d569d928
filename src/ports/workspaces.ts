import type { Stack } from "./projects.ts";

/** A delivery's working tree: a git worktree on branch `delivery/<short id>` of the project's repository. */
export interface Workspace {
  deliveryId: string;
  projectId: string;
  /** Absolute path of the bare-ish repository of the project. Never shown to a model. */
  repoPath: string;
  /** Absolute path of the worktree. Never shown to a model: tools speak in paths relative to it. */
  path: string;
  branch: string;
  baseSha: string;
}

export interface CommitResult {
  sha: string;
  treeSha: string;
  /** False when the tree equals the parent's: nothing was changed, and no commit was made (`sha` is the parent). */
  changed: boolean;
  files: { path: string; status: "added" | "modified" | "deleted" }[];
}

export interface DiffSummary {
  baseSha: string;
  headSha: string;
  /** sha256 of the full diff text. */
  digest: string;
  files: { path: string; added: number; removed: number }[];
  /** Unified diff, cut in the middle above 60,000 characters. */
  text: string;
  truncated: boolean;
}

export interface SearchHit {
  path: string;
  line: number;
  text: string;
}

/**
 * Outcome of `applyDiff`: the good blocks of a file are written in one atomic step, the others come back with the reason,
 * the nearest text and its line numbers.
 */
export interface ApplyDiffResult {
  path: string;
  applied: number;
  failed: { block: number; reason: string }[];
  /** The new lines around each applied block, numbered. */
  snippet: string;
}

/**
 * Git and files of deliveries. Every path argument is relative to the workspace; one that leaves it through `..`, an absolute
 * path or a symlink is refused with `path_outside_workspace`. All methods may be repeated after a crash without a second effect.
 */
export interface WorkspacesPort {
  /**
   * Creates the project's repository when there is none (first commit: the stack's template), and the delivery's branch and
   * worktree. Again: returns the same workspace, putting the worktree back if it is gone.
   */
  prepare(input: { projectId: string; deliveryId: string; stack: Stack; projectName: string }): Promise<Workspace>;
  open(deliveryId: string): Promise<Workspace>;
  /** Puts the working tree into the state of a commit (for forks and for resuming at a checkpoint); untracked files go. */
  restore(deliveryId: string, sha: string): Promise<void>;
  /** A commit object of the working tree now, on hidden ref `refs/slipway/snapshots/<delivery>/<name>`; HEAD is untouched. */
  snapshot(deliveryId: string, name: string): Promise<string>;

  listFiles(deliveryId: string, input: { path?: string; limit?: number }): Promise<{ path: string; bytes: number }[]>;
  /** Lines `from`..`to` (1-based, inclusive) of a text file. */
  readFile(deliveryId: string, input: { path: string; from?: number; to?: number }): Promise<{ text: string; lines: number; truncated: boolean }>;
  search(deliveryId: string, input: { pattern: string; path?: string; limit?: number }): Promise<SearchHit[]>;
  /** `ignored`: a .gitignore matches the path, so no commit will hold the file. */
  writeFile(deliveryId: string, input: { path: string; content: string }): Promise<{ path: string; created: boolean; lines: number; ignored: boolean }>;
  deleteFile(deliveryId: string, input: { path: string }): Promise<void>;
  applyDiff(deliveryId: string, input: { path: string; diff: string }): Promise<ApplyDiffResult>;

  /**
   * Commits the working tree on hidden ref `refs/slipway/attempts/<delivery>/<round>`, with the branch's head as parent, so that a
   * red attempt never stands on the branch. Repeated with an unchanged tree it answers with the commit that is there.
   */
  commitAttempt(deliveryId: string, input: { round: number; subject: string; body?: string; trailers: Record<string, string> }): Promise<CommitResult>;
  /** Moves the delivery's branch to a tested commit. The commit must exist and descend from the branch's head, else `commit_unknown`. */
  promote(deliveryId: string, sha: string): Promise<void>;
  /** Resolves a commit that a model, a state or a person named; `commit_unknown` when the repository does not have it. */
  verifyCommit(projectId: string, sha: string): Promise<{ sha: string; treeSha: string; subject: string; trailers: Record<string, string> }>;
  diff(projectId: string, baseSha: string, headSha: string): Promise<DiffSummary>;
  /** Working tree against HEAD of the branch. */
  workingDiff(deliveryId: string): Promise<{ status: string; text: string }>;
  log(projectId: string, ref: string, limit: number): Promise<{ sha: string; subject: string; at: string }[]>;
  /** Fast-forwards the project's `main` to a tested commit, or merges; conflicts are an error that names the files. */
  mergeToMain(projectId: string, sha: string): Promise<{ sha: string }>;
}
