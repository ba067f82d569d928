/**
 * The directory of a release: exactly the tree of the tested commit, its files read-only, with `release.json` beside them. Made under another
 * name and renamed when complete, so what stands under its own name is whole, and a repeated call finds it.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { AppError } from "#errors";

const execute = promisify(execFile);

export interface ReleaseDirectoryInput {
  repository: string;
  directory: string;
  commitSha: string;
  /** Content of `release.json`; never a secret. */
  manifest: Record<string, unknown>;
}

/** Nothing of the user's git settings, and no hooks or filters from outside the repository. */
const GIT_ENVIRONMENT = {
  PATH: "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  LC_ALL: "C",
};

async function git(repository: string, args: string[], extra: Record<string, string> = {}): Promise<string> {
  const { stdout } = await execute("git", ["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", `--git-dir=${repository}`, ...args], {
    env: { ...GIT_ENVIRONMENT, ...extra },
    maxBuffer: 16_000_000,
  });
  return stdout;
}

/** The full name of a commit. @throws AppError `commit_unknown`. */
export async function resolveCommit(repository: string, sha: string): Promise<string> {
  if (!/^[0-9a-f]{7,64}$/i.test(sha)) throw new AppError("commit_unknown", `"${sha.slice(0, 80)}" is not a commit.`);
  try {
    return (await git(repository, ["rev-parse", "--verify", "--end-of-options", `${sha}^{commit}`])).trim();
  } catch (cause) {
    throw new AppError("commit_unknown", `The project's repository has no commit ${sha}.`, { cause });
  }
}

/** Makes the directory unless it stands. @throws AppError `deploy_failed`, `disk_full`. */
export async function ensureReleaseDirectory(input: ReleaseDirectoryInput): Promise<void> {
  const { directory, repository, commitSha } = input;
  if (existsSync(directory)) return;
  const draft = `${directory}.${process.pid}.draft`;
  const index = `${draft}.index`;
  try {
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    // not `git archive`: a project's .gitattributes could leave files out that were there when it was tested
    await git(repository, ["read-tree", commitSha], { GIT_INDEX_FILE: index });
    await git(repository, [`--work-tree=${draft}`, "checkout-index", "--all", "--force", `--prefix=${draft}/`], { GIT_INDEX_FILE: index });
    await writeManifest(draft, input.manifest);
    await protect(draft);
    await rename(draft, directory);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    // another process was quicker
    if (existsSync(directory)) return;
    const text = cause instanceof Error ? cause.message : String(cause);
    if (text.includes("No space left") || text.includes("ENOSPC"))
      throw new AppError("disk_full", "The disk is full: the release could not be written. Free some space and deploy again.", { cause });
    throw new AppError("deploy_failed", `The release directory could not be filled from commit ${commitSha.slice(0, 12)}.`, { cause });
  } finally {
    await rm(index, { force: true });
  }
}

/** True for the unfinished directory of a process that still runs; the others are left over from kills. */
export function isBeingMade(name: string): boolean {
  const maker = /\.(\d+)\.draft(?:\.index)?$/.exec(name)?.[1];
  if (maker === undefined) return false;
  try {
    process.kill(Number(maker), 0);
    return true;
  } catch {
    return false;
  }
}

/** A project may have files of these names, or links in their place: those stay as they are, and none is followed. */
async function writeManifest(directory: string, manifest: Record<string, unknown>): Promise<void> {
  for (const name of ["release.json", "release.slipway.json"]) {
    try {
      return await writeFile(join(directory, name), `${JSON.stringify(manifest, null, 2)}\n`, { flag: "wx" });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
}

interface Entry {
  path: string;
  directory: boolean;
}

async function entriesOf(path: string): Promise<Entry[]> {
  const found = await readdir(path, { withFileTypes: true, recursive: true });
  return found
    .filter((entry) => entry.isDirectory() || entry.isFile())
    .map((entry) => ({ path: join(entry.parentPath, entry.name), directory: entry.isDirectory() }));
}

/**
 * Files may be read by everybody (the app runs under a uid of its own) and written by nobody. Folders stay open to their owner, so that a
 * person's `rm -r` of DATA_DIR works; the sandbox shows them read-only. Links stay as they are: they lead nowhere in the sandbox.
 */
async function protect(path: string): Promise<void> {
  for (const entry of await entriesOf(path)) {
    const executable = ((await lstat(entry.path)).mode & 0o100) !== 0;
    await chmod(entry.path, entry.directory ? 0o755 : executable ? 0o555 : 0o444);
  }
  await chmod(path, 0o755);
}
