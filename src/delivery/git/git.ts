import { spawn } from "node:child_process";
import { rm, stat } from "node:fs/promises";
import { AppError } from "#errors";

/**
 * The only way this project runs git. Repositories hold what a model wrote, so nothing in them may act: no hooks, no system or user
 * configuration, no filters or external diffs (drivers live in configuration, and there is none), no network protocols, no submodules,
 * paths taken literally. The repository and the work tree are always named, never discovered: a `.git` in a work tree is only data.
 */
export interface GitOptions {
  /** The git directory: a project's repository or the private part of a worktree. */
  gitDir: string;
  workTree?: string;
  /** An index of its own instead of the worktree's. */
  indexFile?: string;
  stdin?: string;
  /** Exit codes that are answers, not failures. Default: only 0. */
  accept?: readonly number[];
  environment?: Record<string, string>;
  timeoutMs?: number;
  /** Gets stdout piece by piece instead of the result. */
  onOutput?: (chunk: Buffer) => void;
}

export interface GitResult {
  code: number;
  stdout: string;
}

const CONFIGURATION: readonly string[] = [
  "core.hooksPath=/dev/null",
  "core.attributesFile=/dev/null",
  "core.excludesFile=/dev/null",
  "core.fsmonitor=false",
  "core.untrackedCache=false",
  "core.autocrlf=false",
  "core.safecrlf=false",
  "core.quotePath=false",
  "core.protectHFS=true",
  "core.protectNTFS=true",
  "core.pager=cat",
  "core.editor=false",
  "safe.directory=*",
  "protocol.allow=never",
  "submodule.recurse=false",
  "diff.ignoreSubmodules=all",
  "status.submoduleSummary=false",
  "credential.helper=",
  "commit.gpgSign=false",
  "gc.auto=0",
  "maintenance.auto=false",
  "advice.detachedHead=false",
  "init.defaultBranch=main",
  "user.name=Slipway",
  "user.email=slipway@localhost",
  "user.useConfigOnly=true",
].flatMap((entry) => ["-c", entry]);

const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin",
  HOME: "/nonexistent",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_LITERAL_PATHSPECS: "1",
};

const MAX_OUTPUT = 64 * 1024 * 1024;
/** A lock older than this belongs to a process that was killed: our own commands take milliseconds. */
const STALE_LOCK_MS = 3_000;
const LOCK_WAIT_MS = 15_000;

/** Runs git. Waits for another process's lock and removes one that a killed process left. Throws `workspace_failed` with git's words, `disk_full`. */
export async function git(args: readonly string[], options: GitOptions): Promise<GitResult> {
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    const outcome = await runOnce(args, options);
    if (outcome.code === 0 || options.accept?.includes(outcome.code) === true) return { code: outcome.code, stdout: outcome.stdout };
    const lock = /Unable to create '([^']+\.lock)': File exists/.exec(outcome.stderr)?.[1];
    if (lock !== undefined && Date.now() < deadline) {
      await waitForLock(lock);
      continue;
    }
    throw failure(args, outcome.code, outcome.stderr);
  }
}

/** First line of git's answer, trimmed. */
export async function gitLine(args: readonly string[], options: GitOptions): Promise<string> {
  return (await git(args, options)).stdout.trim();
}

/** NUL-separated records of git's answer. */
export async function gitRecords(args: readonly string[], options: GitOptions): Promise<string[]> {
  return (await git(args, options)).stdout.split("\0").filter((record) => record !== "");
}

function failure(args: readonly string[], code: number, stderr: string): AppError {
  if (/No space left on device/.test(stderr)) return new AppError("disk_full", "The disk is full. Free some space and run it again; nothing was lost.");
  const words = stderr.trim().split("\n").slice(-3).join(" ").slice(0, 500);
  return new AppError("workspace_failed", `git ${args[0] ?? ""} failed (${code}): ${words || "no message"}`, { details: { command: args[0] ?? "" } });
}

async function waitForLock(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found !== null && Date.now() - found.mtimeMs > STALE_LOCK_MS) await rm(path, { force: true });
  else await new Promise((resolve) => setTimeout(resolve, 50));
}

function runOnce(args: readonly string[], options: GitOptions): Promise<GitResult & { stderr: string }> {
  return new Promise((resolve, reject) => {
    const place = [`--git-dir=${options.gitDir}`, ...(options.workTree === undefined ? [] : [`--work-tree=${options.workTree}`])];
    const child = spawn("git", [...CONFIGURATION, ...place, ...args], {
      cwd: options.workTree ?? options.gitDir,
      env: { ...ENVIRONMENT, ...options.environment, ...(options.indexFile === undefined ? {} : { GIT_INDEX_FILE: options.indexFile }) },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 120_000,
      killSignal: "SIGKILL",
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (options.onOutput !== undefined) return options.onOutput(chunk);
      size += chunk.length;
      if (size <= MAX_OUTPUT) chunks.push(chunk);
      else child.kill("SIGKILL");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (stderr.length < 10_000) stderr += chunk.toString("utf8");
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.stdin ?? "");
    child.once("error", (cause) => reject(missing(cause)));
    child.once("close", (code) => {
      if (size > MAX_OUTPUT) stderr = "its answer is longer than 64 MB";
      resolve({ code: size > MAX_OUTPUT ? 1 : (code ?? 1), stdout: Buffer.concat(chunks).toString("utf8"), stderr });
    });
  });
}

function missing(cause: NodeJS.ErrnoException): AppError {
  if (cause.code === "ENOENT")
    return new AppError("workspace_failed", "git could not be started. Install git (2.38 or newer), or the workspace's folder is gone.", { cause });
  return new AppError("workspace_failed", `git could not be started: ${cause.message}`, { cause });
}
