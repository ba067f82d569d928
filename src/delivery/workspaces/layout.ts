import { join, resolve } from "node:path";
import { AppError } from "#errors";

/** Where a project's repository and a delivery's files are, below DATA_DIR. All paths are absolute. */
export interface WorkspacesLayout {
  repository(projectId: string): string;
  worktree(deliveryId: string): string;
  /** What is known about a delivery's workspace before its repository is asked. */
  record(deliveryId: string): string;
  /** A place for indexes and other files of one call. */
  scratch: string;
}

/** Throws `invalid_request` when an id could be anything but one plain folder name. */
export function checkedId(id: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$/.test(id)) throw new AppError("invalid_request", `"${id.slice(0, 80)}" is not an id.`);
  return id;
}

/** Where repositories, worktrees and records lie below DATA_DIR. */
export function workspacesLayout(dataDir: string): WorkspacesLayout {
  const root = resolve(dataDir);
  return {
    repository: (projectId) => join(root, "projects", checkedId(projectId), "repo.git"),
    worktree: (deliveryId) => join(root, "workspaces", checkedId(deliveryId)),
    record: (deliveryId) => join(root, "workspaces", ".records", `${checkedId(deliveryId)}.json`),
    scratch: join(root, "workspaces", ".scratch"),
  };
}
