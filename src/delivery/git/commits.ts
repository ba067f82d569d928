import { createHash } from "node:crypto";
import { AppError } from "#errors";
import type { CommitResult, DiffSummary } from "#ports/workspaces.ts";
import { BoundedLog } from "../bounded-log.ts";
import { cutMiddle } from "../cut-text.ts";
import { git, gitLine, gitRecords } from "./git.ts";
import { MAIN, isAncestor, requireCommit, requireReference } from "./repository.ts";

const DIFF_LIMIT = 60_000;
const PLAIN_DIFF = ["--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--ignore-submodules=all"];

/** A commit message whose last paragraph is exactly the given trailers, whatever the body holds. */
export function commitMessage(input: { subject: string; body?: string; trailers: Readonly<Record<string, string>> }): string {
  const oneLine = (text: string): string => text.replaceAll("\0", "").replaceAll(/\s+/g, " ").trim();
  const trailers = Object.entries(input.trailers).map(([name, value]) => {
    if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(name)) throw new AppError("invalid_request", `"${name}" cannot be the name of a trailer.`);
    return `${name}: ${oneLine(value)}`;
  });
  const paragraphs = [oneLine(input.subject).slice(0, 200) || "Change", (input.body ?? "").replaceAll("\0", "").trim(), trailers.join("\n")];
  return `${paragraphs.filter((paragraph) => paragraph !== "").join("\n\n")}\n`;
}

/** A commit of a tree on a parent; no branch moves. */
export async function createCommit(repository: string, tree: string, parent: string, message: string): Promise<string> {
  return gitLine(["commit-tree", tree, "-p", parent, "-F", "-"], { gitDir: repository, stdin: message });
}

/** SHA of the tree that a commit holds. */
export async function treeOf(repository: string, commit: string): Promise<string> {
  return gitLine(["rev-parse", "--verify", `${commit}^{tree}`], { gitDir: repository });
}

export interface CommitFacts {
  sha: string;
  treeSha: string;
  parents: string[];
  subject: string;
  trailers: Record<string, string>;
}

/** Throws `commit_unknown`. */
export async function describeCommit(repository: string, name: string): Promise<CommitFacts> {
  const sha = await requireReference(repository, name);
  const format = "%H%x00%T%x00%P%x00%s%x00%(trailers:only,unfold,separator=%x1e,key_value_separator=%x1f)";
  const { stdout } = await git(["show", "--no-patch", `--format=${format}`, sha], { gitDir: repository });
  const [, treeSha = "", parents = "", subject = "", trailers = ""] = stdout.trimEnd().split("\0");
  const pairs = trailers.split("\x1e").filter((line) => line.includes("\x1f"));
  return {
    sha,
    treeSha,
    parents: parents.split(" ").filter((parent) => parent !== ""),
    subject,
    trailers: Object.fromEntries(pairs.map((line) => line.split("\x1f", 2).map((part) => part.trim()))),
  };
}

/** What differs between two commits; a renamed file is one gone and one new. */
export async function changedFiles(repository: string, from: string, to: string): Promise<CommitResult["files"]> {
  const records = await gitRecords(["diff-tree", "-r", "-z", "--no-renames", "--name-status", from, to], { gitDir: repository });
  const files: CommitResult["files"] = [];
  for (let index = 0; index + 1 < records.length; index += 2) {
    const letter = records[index];
    files.push({ path: records[index + 1] ?? "", status: letter === "A" ? "added" : letter === "D" ? "deleted" : "modified" });
  }
  return files;
}

/** What changed between two commits. The digest covers the whole text, also when the text is cut. Throws `commit_unknown`. */
export async function diffSummary(repository: string, base: string, head: string): Promise<DiffSummary> {
  const [baseSha, headSha] = [await requireCommit(repository, base), await requireCommit(repository, head)];
  const hash = createHash("sha256");
  const kept = new BoundedLog(DIFF_LIMIT * 8);
  await git(["diff", ...PLAIN_DIFF, "--full-index", baseSha, headSha], {
    gitDir: repository,
    onOutput: (chunk) => {
      hash.update(chunk);
      kept.add(chunk);
    },
  });
  const { text, truncated } = cutMiddle(kept.text(), DIFF_LIMIT);
  return {
    baseSha,
    headSha,
    digest: hash.digest("hex"),
    files: await countedFiles(repository, baseSha, headSha),
    text,
    truncated: truncated || kept.dropped > 0,
  };
}

async function countedFiles(repository: string, base: string, head: string): Promise<DiffSummary["files"]> {
  const records = await gitRecords(["diff", ...PLAIN_DIFF, "--no-renames", "--numstat", "-z", base, head], { gitDir: repository });
  return records.map((record) => {
    const [added = "0", removed = "0", ...path] = record.split("\t");
    // "-" stands for a binary file
    return { path: path.join("\t"), added: Number(added) || 0, removed: Number(removed) || 0 };
  });
}

/** Brings a tested commit to main: fast-forward, nothing when it is there already, else a merge. Throws `conflict` naming the files. */
export async function mergeIntoMain(repository: string, name: string): Promise<string> {
  const sha = await requireCommit(repository, name);
  const main = await requireReference(repository, MAIN);
  if (await isAncestor(repository, sha, main)) return main;
  if (await isAncestor(repository, main, sha)) {
    await git(["update-ref", MAIN, sha, main], { gitDir: repository });
    return sha;
  }
  const { code, stdout } = await git(["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", main, sha], { gitDir: repository, accept: [1] });
  const [tree = "", ...files] = stdout.split("\0").filter((part) => part !== "");
  if (code === 1) {
    const conflicts = [...new Set(files)];
    throw new AppError("conflict", `The delivery and main changed the same lines in: ${conflicts.join(", ")}. Deliver again on top of main.`, {
      details: { files: conflicts },
    });
  }
  const message = commitMessage({ subject: `Merge ${(await describeCommit(repository, sha)).subject}`, trailers: {} });
  const merged = await gitLine(["commit-tree", tree, "-p", main, "-p", sha, "-F", "-"], { gitDir: repository, stdin: message });
  await git(["update-ref", MAIN, merged, main], { gitDir: repository });
  return merged;
}
