/**
 * The directory of a release: exactly the tree of the tested commit, its files read-only, with `release.json` beside them. Made under another
 * name and renamed when complete, so what stands under its own name is whole, and a repeated call finds it.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, lstat, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "#errors";
import { exportTree } from "../git/repository.ts";

export interface ReleaseDirectoryInput {
  repository: string;
  directory: string;
  commitSha: string;
  /** Content of `release.json`; never a secret. */
  manifest: Record<string, unknown>;
}

/** Makes the directory unless it stands. @throws AppError `deploy_failed`, `disk_full`. */
export async function ensureReleaseDirectory(input: ReleaseDirectoryInput): Promise<void> {
  const { directory, repository, commitSha } = input;
  if (existsSync(directory)) return;
  // two deployments of one approval may be made side by side in one process
  const draft = `${directory}.${process.pid}-${randomBytes(4).toString("hex")}.draft`;
  try {
    await exportTree(repository, commitSha, draft);
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
  }
}

/** True for the unfinished directory of a process that still runs; the others are left over from kills. */
export function isBeingMade(name: string): boolean {
  const maker = /\.(\d+)-[0-9a-f]+\.draft(?:\.index)?(?:\.lock)?$/.exec(name)?.[1];
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
