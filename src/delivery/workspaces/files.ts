import { lstat, mkdir, readFile, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "#errors";
import type { ApplyDiffResult, SearchHit, Workspace, WorkspacesPort } from "#ports/workspaces.ts";
import { writeAtomically } from "../atomic-write.ts";
import { applyBlocks } from "../edit/apply-blocks.ts";
import type { SyntaxCheck } from "../edit/syntax-check.ts";
import { splitLines } from "../edit/text-lines.ts";
import { git, gitRecords } from "../git/git.ts";
import { worktreeOptions } from "../git/worktree.ts";
import { plainPath, resolveInside } from "./confined-paths.ts";

const MAX_FILE = 5 * 1024 * 1024;
const MAX_READ = 60_000;
const MAX_LISTED = 2_000;
const MAX_HITS = 200;

/** Files as git sees them: tracked and new ones, ignored ones left out, sorted by path. */
export async function listFiles(workspace: Workspace, input: { path?: string; limit?: number }): Promise<{ path: string; bytes: number }[]> {
  const below = plainPath(input.path ?? "");
  const paths = await gitRecords(
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", below === "" ? "." : below],
    worktreeOptions(workspace),
  );
  const files: { path: string; bytes: number }[] = [];
  for (const path of [...new Set(paths)].toSorted()) {
    if (files.length >= Math.min(input.limit ?? MAX_LISTED, MAX_LISTED)) break;
    // a tracked file that was deleted is still listed by git
    const found = await lstat(join(workspace.path, path)).catch(() => null);
    if (found?.isFile() === true) files.push({ path, bytes: found.size });
  }
  return files;
}

/** Whole, or some of its lines, up to a limit; binary files are refused. */
export async function readWorkspaceFile(
  workspace: Workspace,
  input: { path: string; from?: number; to?: number },
): Promise<{ text: string; lines: number; truncated: boolean }> {
  const text = await readText(workspace, input.path);
  const lines = splitLines(text);
  const from = Math.max(1, Math.floor(input.from ?? 1));
  const to = Math.min(lines.length, Math.floor(input.to ?? lines.length));
  const wanted = lines
    .slice(from - 1, to)
    .map((line) => line.text + line.ending)
    .join("");
  return { text: wanted.slice(0, MAX_READ).toWellFormed(), lines: lines.length, truncated: wanted.length > MAX_READ };
}

async function readText(workspace: Workspace, path: string): Promise<string> {
  const real = await resolveInside(workspace.path, path);
  const found = await stat(real).catch(() => null);
  if (found === null) throw new AppError("not_found", `There is no file "${path}". List the files to see what there is.`);
  if (found.isDirectory()) throw new AppError("invalid_request", `"${path}" is a folder. List its files instead.`);
  if (!found.isFile()) throw new AppError("invalid_request", `"${path}" is not a regular file.`);
  if (found.size > MAX_FILE) throw new AppError("payload_too_large", `"${path}" has ${found.size} bytes; at most ${MAX_FILE} can be read.`);
  const bytes = await readFile(real);
  if (bytes.includes(0)) throw new AppError("invalid_request", `"${path}" is a binary file.`);
  return bytes.toString("utf8");
}

/**
 * Lines that match a regular expression, or hold the text when it is not one. Git does the search in a process of its own with a time limit, so a
 * pattern that explodes cannot stop the server.
 */
export async function searchFiles(workspace: Workspace, input: { pattern: string; path?: string; limit?: number }): Promise<SearchHit[]> {
  if (input.pattern === "" || /[\0\n]/.test(input.pattern)) throw new AppError("invalid_request", "The pattern must be one line of text and not empty.");
  const below = plainPath(input.path ?? "");
  const limit = Math.min(input.limit ?? MAX_HITS, MAX_HITS);
  for (const dialect of ["--perl-regexp", "--extended-regexp", "--fixed-strings"]) {
    const args = [
      "grep",
      "-z",
      "-n",
      "-I",
      "--no-color",
      "--untracked",
      `--max-count=${limit}`,
      dialect,
      "-e",
      input.pattern,
      "--",
      below === "" ? "." : below,
    ];
    // 1: nothing found; 128: this git or this dialect does not understand the pattern
    const { code, stdout } = await git(args, { ...worktreeOptions(workspace), accept: [1, 128], timeoutMs: 10_000 });
    if (code === 128) continue;
    return parseHits(stdout, limit);
  }
  return [];
}

function parseHits(stdout: string, limit: number): SearchHit[] {
  const hits: SearchHit[] = [];
  for (const record of stdout.split("\n")) {
    const [path, line, ...text] = record.split("\0");
    if (path === undefined || line === undefined || hits.length >= limit) continue;
    hits.push({ path, line: Number(line), text: text.join("\0").slice(0, 400).toWellFormed() });
  }
  return hits;
}

/** Replaces a file, or makes it and the folders above it. */
export async function writeWorkspaceFile(workspace: Workspace, input: { path: string; content: string }): ReturnType<WorkspacesPort["writeFile"]> {
  if (Buffer.byteLength(input.content) > MAX_FILE) throw new AppError("payload_too_large", `A file may have at most ${MAX_FILE} bytes.`);
  const real = await place(workspace, input.path);
  const found = await stat(real).catch(() => null);
  if (found !== null && !found.isFile()) throw new AppError("invalid_request", `"${input.path}" is not a file that can be written.`);
  await writeAtomically(real, input.content, found === null ? 0o644 : found.mode & 0o777);
  const path = plainPath(input.path);
  const seen = await gitRecords(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", path], worktreeOptions(workspace));
  return { path, created: found === null, lines: splitLines(input.content).length, ignored: seen.length === 0 };
}

async function place(workspace: Workspace, path: string): Promise<string> {
  if (plainPath(path) === "") throw new AppError("invalid_request", "Name a file.");
  const real = await resolveInside(workspace.path, path);
  try {
    await mkdir(dirname(real), { recursive: true });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOTDIR" || code === "EEXIST") throw new AppError("invalid_request", `A folder of "${path}" is a file.`, { cause });
    throw cause;
  }
  return real;
}

/** Removes a file, a link, or a folder with all that is in it; what is not there is no error. */
export async function deleteWorkspaceFile(workspace: Workspace, path: string): Promise<void> {
  const plain = plainPath(path);
  if (plain === "") throw new AppError("invalid_request", "Name a file.");
  // the folder must be inside; the last name is removed as it is, be it a link
  const folder = await resolveInside(workspace.path, dirname(plain));
  const target = join(folder, plain.slice(plain.lastIndexOf("/") + 1));
  const found = await lstat(target).catch(() => null);
  if (found === null) return;
  if (found.isDirectory()) await rm(target, { recursive: true, force: true });
  else await unlink(target);
}

/** Applies what can be applied in one write; an edit that would break the file's syntax is refused as a whole. */
export async function applyDiff(workspace: Workspace, input: { path: string; diff: string }, checkSyntax: SyntaxCheck): Promise<ApplyDiffResult> {
  const path = plainPath(input.path);
  const before = await readText(workspace, path);
  const { text, applied, failed, snippet } = applyBlocks(before, input.diff);
  if (applied === 0) return { path, applied, failed, snippet: "" };
  const broken = await checkSyntax(path, text);
  if (broken !== null && (await checkSyntax(path, before)) === null) {
    const reason = `nothing was written, because the file would have a syntax error: ${broken}`;
    const refused = Array.from({ length: applied + failed.length }, (_, index) => index + 1);
    const known = new Map(failed.map((failure) => [failure.block, failure.reason]));
    return { path, applied: 0, failed: refused.map((block) => ({ block, reason: known.get(block) ?? reason })), snippet };
  }
  const real = await resolveInside(workspace.path, path);
  await writeAtomically(real, text, (await stat(real)).mode & 0o777);
  return { path, applied, failed, snippet: broken === null ? snippet : `${snippet}\n\nThe file has a syntax error, as before: ${broken}` };
}
