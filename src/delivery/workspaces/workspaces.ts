import { readFile } from "node:fs/promises";
import { z } from "zod";
import { AppError } from "#errors";
import type { CommitResult, Workspace, WorkspacesPort } from "#ports/workspaces.ts";
import { writeAtomically } from "../atomic-write.ts";
import { cutMiddle } from "../cut-text.ts";
import { createSyntaxCheck } from "../edit/syntax-check.ts";
import { git, gitLine, gitRecords } from "../git/git.ts";
import { changedFiles, commitMessage, createCommit, describeCommit, diffSummary, mergeIntoMain, treeOf } from "../git/commits.ts";
import { ensureRepository, isAncestor, MAIN, requireCommit, requireReference, resolveCommit } from "../git/repository.ts";
import { checkOut, ensureWorktree, withWorkingIndex, worktreeOptions, writeWorkingTree } from "../git/worktree.ts";
import { deliveryKey, exclusively, projectKey } from "../locks.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { applyDiff, deleteWorkspaceFile, listFiles, readWorkspaceFile, searchFiles, writeWorkspaceFile } from "./files.ts";
import { checkedId, workspacesLayout } from "./layout.ts";

/**
 * Git and files of deliveries below DATA_DIR.
 *
 * References of a delivery in its project's repository:
 *   refs/heads/<branch>                         tested commits only
 *   refs/slipway/attempts/<delivery>/<round>    what was tested in each round, green or red
 *   refs/slipway/snapshots/<delivery>/<name>    the work tree at some moment
 *   refs/slipway/promoted/<delivery>/<sha>      every commit that once headed the branch, so that a fork finds its way back
 *
 * A delivery's record (project, branch, base) is written before anything else of it, the worktree's mark last; every step in between may be
 * repeated.
 */
export interface WorkspacesOptions {
  dataDir: string;
  /** Where syntax is checked. */
  sandbox: Sandbox;
}

const WorkspaceRecord = z.object({ projectId: z.string(), branch: z.string(), baseSha: z.string() });

export function createWorkspaces({ dataDir, sandbox }: WorkspacesOptions): WorkspacesPort {
  const layout = workspacesLayout(dataDir);
  const checkSyntax = createSyntaxCheck(sandbox);

  const find = async (deliveryId: string): Promise<Workspace | null> => {
    const text = await readFile(layout.record(deliveryId), "utf8").catch(() => null);
    if (text === null) return null;
    const record = WorkspaceRecord.parse(JSON.parse(text));
    return { deliveryId, ...record, repoPath: layout.repository(record.projectId), path: layout.worktree(deliveryId) };
  };
  const open = async (deliveryId: string): Promise<Workspace> => {
    const workspace = await find(deliveryId);
    if (workspace === null) throw new AppError("not_found", `Delivery ${deliveryId} has no workspace yet.`);
    return workspace;
  };
  /** `work` with the delivery's workspace, whole and to itself. */
  const within = <Result>(deliveryId: string, work: (workspace: Workspace) => Promise<Result>): Promise<Result> =>
    exclusively(deliveryKey(deliveryId), async () => {
      const workspace = await open(deliveryId);
      await ensureWorktree(workspace);
      return work(workspace);
    });
  const head = (workspace: Workspace): Promise<string> => requireReference(workspace.repoPath, `refs/heads/${workspace.branch}`);

  return {
    prepare: (input) =>
      exclusively(projectKey(input.projectId), async () => {
        const repository = layout.repository(input.projectId);
        await ensureRepository(repository, input);
        const workspace = (await find(input.deliveryId)) ?? (await newRecord(input.deliveryId, input.projectId));
        if (workspace.projectId !== input.projectId) throw new AppError("conflict", `Delivery ${input.deliveryId} belongs to another project.`);
        if ((await resolveCommit(repository, `refs/heads/${workspace.branch}`)) === null) {
          await git(["update-ref", `refs/heads/${workspace.branch}`, workspace.baseSha, ""], { gitDir: repository });
        }
        return within(input.deliveryId, async (prepared) => prepared);
      }),
    open: (deliveryId) => within(deliveryId, async (workspace) => workspace),

    restore: (deliveryId, sha) =>
      within(deliveryId, async (workspace) => {
        const commit = await requireCommit(workspace.repoPath, sha);
        await moveBranchFor(workspace, commit);
        await checkOut(workspace, commit);
      }),
    snapshot: (deliveryId, name) =>
      within(deliveryId, async (workspace) => {
        if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/.test(name) || name.includes("..") || name.endsWith(".lock") || name.endsWith(".")) {
          throw new AppError("invalid_request", `"${name}" cannot name a snapshot.`);
        }
        const ref = `refs/slipway/snapshots/${deliveryId}/${name}`;
        const [tree, parent] = [await writeWorkingTree(workspace, layout.scratch), await head(workspace)];
        const known = await sameCommit(workspace.repoPath, ref, tree, [parent]);
        if (known !== null) return known;
        const message = commitMessage({ subject: `Snapshot ${name}`, trailers: { Delivery: deliveryId } });
        const sha = await createCommit(workspace.repoPath, tree, parent, message);
        await git(["update-ref", ref, sha], { gitDir: workspace.repoPath });
        return sha;
      }),

    listFiles: (deliveryId, input) => within(deliveryId, (workspace) => listFiles(workspace, input)),
    readFile: (deliveryId, input) => within(deliveryId, (workspace) => readWorkspaceFile(workspace, input)),
    search: (deliveryId, input) => within(deliveryId, (workspace) => searchFiles(workspace, input)),
    writeFile: (deliveryId, input) => within(deliveryId, (workspace) => writeWorkspaceFile(workspace, input)),
    deleteFile: (deliveryId, { path }) => within(deliveryId, (workspace) => deleteWorkspaceFile(workspace, path)),
    applyDiff: (deliveryId, input) => within(deliveryId, (workspace) => applyDiff(workspace, input, checkSyntax)),

    commitAttempt: (deliveryId, input) => within(deliveryId, (workspace) => commitAttempt(workspace, input)),
    promote: (deliveryId, sha) =>
      within(deliveryId, async (workspace) => {
        const [commit, current] = [await requireCommit(workspace.repoPath, sha), await head(workspace)];
        if (!(await isAncestor(workspace.repoPath, current, commit))) {
          throw new AppError("commit_unknown", `Commit ${sha.slice(0, 12)} does not continue the branch ${workspace.branch}.`);
        }
        await git(["update-ref", `refs/slipway/promoted/${deliveryId}/${commit}`, commit], { gitDir: workspace.repoPath });
        await git(["update-ref", `refs/heads/${workspace.branch}`, commit, current], { gitDir: workspace.repoPath });
        // only the index follows: the work tree may have gone on
        await git(["read-tree", commit], worktreeOptions(workspace));
      }),
    verifyCommit: async (projectId, sha) => {
      if (!/^[0-9a-fA-F]{7,64}$/.test(sha)) throw new AppError("commit_unknown", `"${sha.slice(0, 80)}" is not the name of a commit.`);
      const { parents: _, ...facts } = await describeCommit(layout.repository(projectId), sha);
      return facts;
    },
    diff: (projectId, baseSha, headSha) => diffSummary(layout.repository(projectId), baseSha, headSha),
    workingDiff: (deliveryId) =>
      within(deliveryId, (workspace) =>
        withWorkingIndex(workspace, layout.scratch, async (options) => {
          const against = `refs/heads/${workspace.branch}`;
          const plain = ["--cached", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all"];
          const { stdout: status } = await git(["diff", ...plain, "--no-renames", "--name-status", against], options);
          const { stdout: text } = await git(["diff", ...plain, against], options);
          return { status: status.trimEnd(), text: cutMiddle(text, 60_000).text };
        }),
      ),
    log: async (projectId, ref, limit) => {
      const repository = layout.repository(projectId);
      const commit = await requireReference(repository, ref);
      const count = Math.max(1, Math.min(Math.floor(limit), 500));
      const records = await gitRecords(["log", "-z", `--max-count=${count}`, "--format=%H%x1f%s%x1f%cI", commit], { gitDir: repository });
      return records.map((record) => {
        const [sha = "", subject = "", at = ""] = record.split("\x1f");
        return { sha, subject, at };
      });
    },
    mergeToMain: (projectId, sha) => exclusively(projectKey(projectId), async () => ({ sha: await mergeIntoMain(layout.repository(projectId), sha) })),
  };

  /** Decides branch and base, and writes them down before anything is made of them. */
  async function newRecord(deliveryId: string, projectId: string): Promise<Workspace> {
    const repository = layout.repository(projectId);
    const baseSha = await requireReference(repository, MAIN);
    // the end of an id is its random part, also of ids that begin with the time
    const short = checkedId(deliveryId).replaceAll("-", "").slice(-8).toLowerCase();
    const taken = (await resolveCommit(repository, `refs/heads/delivery/${short}`)) !== null;
    const branch = `delivery/${taken ? deliveryId : short}`;
    await writeAtomically(layout.record(deliveryId), JSON.stringify({ projectId, branch, baseSha }));
    return open(deliveryId);
  }

  /** The commit under `ref`, when it holds this tree on one of these parents or is itself one of them. */
  async function sameCommit(repository: string, ref: string, tree: string, parents: readonly string[]): Promise<string | null> {
    if ((await resolveCommit(repository, ref)) === null) return null;
    const known = await describeCommit(repository, ref);
    return known.treeSha === tree && (parents.includes(known.parents[0] ?? "") || parents.includes(known.sha)) ? known.sha : null;
  }

  async function commitAttempt(workspace: Workspace, input: Parameters<WorkspacesPort["commitAttempt"]>[1]): Promise<CommitResult> {
    const { repoPath, deliveryId } = workspace;
    if (!Number.isSafeInteger(input.round) || input.round < 0) throw new AppError("invalid_request", "A round is a whole number.");
    const ref = `refs/slipway/attempts/${deliveryId}/${input.round}`;
    const [tree, parent] = [await writeWorkingTree(workspace, layout.scratch), await head(workspace)];
    // also after it was promoted: a replayed node gets the answer it got the first time
    const known = await sameCommit(repoPath, ref, tree, [parent]);
    if (known !== null) {
      const before = (await describeCommit(repoPath, known)).parents[0] ?? known;
      return { sha: known, treeSha: tree, changed: true, files: await changedFiles(repoPath, before, known) };
    }
    if ((await treeOf(repoPath, parent)) === tree) return { sha: parent, treeSha: tree, changed: false, files: [] };
    const sha = await createCommit(repoPath, tree, parent, commitMessage(input));
    await git(["update-ref", ref, sha], { gitDir: repoPath });
    return { sha, treeSha: tree, changed: true, files: await changedFiles(repoPath, parent, sha) };
  }

  /**
   * Where the branch stood when `commit` was the state of the work tree: at the nearest first parent, itself included, that once headed the
   * branch. So a fork to an earlier step takes the branch back, and a fork to the other side brings it there again.
   */
  async function moveBranchFor(workspace: Workspace, commit: string): Promise<void> {
    const { repoPath, branch, baseSha, deliveryId } = workspace;
    const promoted = await gitLine(["for-each-ref", "--format=%(objectname)", `refs/slipway/promoted/${deliveryId}/`], { gitDir: repoPath });
    const heads = new Set([baseSha, ...promoted.split("\n")]);
    const line = (await gitLine(["rev-list", "--first-parent", "--max-count=10000", commit], { gitDir: repoPath })).split("\n");
    const at = line.find((sha) => heads.has(sha));
    if (at === undefined) throw new AppError("commit_unknown", `Commit ${commit.slice(0, 12)} is not part of this delivery.`);
    const current = await head(workspace);
    if (at !== current) await git(["update-ref", `refs/heads/${branch}`, at, current], { gitDir: repoPath });
  }
}
