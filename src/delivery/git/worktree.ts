import { randomBytes } from "node:crypto";
import { execFile } from "node:child_process";
import { copyFile, mkdir, opendir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Workspace } from "#ports/workspaces.ts";
import { writeAtomically } from "../atomic-write.ts";
import { git, gitLine, type GitOptions } from "./git.ts";

/**
 * A delivery's worktree. Its administrative files are written by us in git's documented layout, instead of by `git worktree add`: each is
 * either there or not, so the next process can finish what a killed one began. The mark `slipway-ready` is written last.
 *
 * The work tree's own `.git` file is for a person who looks around; no command of ours reads it.
 */
const READY = "slipway-ready";

function worktreeGitDir(workspace: Workspace): string {
  return join(workspace.repoPath, "worktrees", workspace.deliveryId);
}

export function worktreeOptions(workspace: Workspace): GitOptions & { workTree: string } {
  return { gitDir: worktreeGitDir(workspace), workTree: workspace.path };
}

/** Makes or repairs the worktree. One that is whole keeps its uncommitted files; a new one gets the branch's head. */
export async function ensureWorktree(workspace: Workspace): Promise<void> {
  const gitDir = worktreeGitDir(workspace);
  const whole = (await exists(join(gitDir, READY))) && (await exists(workspace.path));
  await mkdir(workspace.path, { recursive: true, mode: 0o755 });
  await mkdir(gitDir, { recursive: true });
  await writeIfDifferent(join(gitDir, "commondir"), "../..\n");
  await writeIfDifferent(join(gitDir, "gitdir"), `${join(workspace.path, ".git")}\n`);
  await writeIfDifferent(join(gitDir, "HEAD"), `ref: refs/heads/${workspace.branch}\n`);
  await writeIfDifferent(join(workspace.path, ".git"), `gitdir: ${gitDir}\n`);
  if (whole) return;
  await checkOut(workspace, `refs/heads/${workspace.branch}`);
  await writeFile(join(gitDir, READY), "");
}

/** Puts a commit's files into the work tree; what is not in the commit goes, except installed dependencies. */
export async function checkOut(workspace: Workspace, commit: string): Promise<void> {
  const options = worktreeOptions(workspace);
  await removeNestedRepositories(workspace.path);
  try {
    await git(["read-tree", "--reset", "-u", commit], options);
  } catch {
    // an index that a killed process left unreadable is worth nothing: the tree is rebuilt from the commit
    await rm(join(options.gitDir, "index"), { force: true });
    await git(["read-tree", "--reset", "-u", commit], options);
  }
  await git(["checkout-index", "--all", "--force"], options);
  await git(["clean", "-ffdx", "--quiet", "-e", "node_modules", "-e", ".venv"], options);
}

/** The tree object of the work tree as it is now, ignored files left out. Touches neither HEAD nor the worktree's index. */
export async function writeWorkingTree(workspace: Workspace, scratch: string): Promise<string> {
  return withWorkingIndex(workspace, scratch, (options) => gitLine(["write-tree"], options));
}

/** Calls `work` with git options whose index holds the work tree as it is now. */
export async function withWorkingIndex<Result>(workspace: Workspace, scratch: string, work: (options: GitOptions) => Promise<Result>): Promise<Result> {
  await mkdir(scratch, { recursive: true });
  const indexFile = join(scratch, `${workspace.deliveryId}-${randomBytes(6).toString("hex")}.index`);
  const options = { ...worktreeOptions(workspace), indexFile };
  try {
    await removeNestedRepositories(workspace.path);
    // a copy knows which files are unchanged; without one git reads them all
    await copyFile(join(options.gitDir, "index"), indexFile).catch(() => undefined);
    try {
      await git(["add", "-A", "--", "."], options);
    } catch {
      await promisify(execFile)("chmod", ["-R", "u+rwX", "--", workspace.path]);
      await rm(indexFile, { force: true });
      await git(["add", "-A", "--", "."], options);
    }
    return await work(options);
  } finally {
    await rm(indexFile, { force: true });
    await rm(`${indexFile}.lock`, { force: true });
  }
}

/** A repository inside the work tree would be committed as a mere link, and git would read its configuration. Its files stay, its `.git` goes. */
async function removeNestedRepositories(root: string): Promise<void> {
  const open = [root];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.name.toLowerCase() === ".git") {
        if (folder !== root || entry.name !== ".git") await rm(path, { recursive: true, force: true });
      } else if (entry.isDirectory()) open.push(path);
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function writeIfDifferent(path: string, content: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => null)) !== content) await writeAtomically(path, content);
}
