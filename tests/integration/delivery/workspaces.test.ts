import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCommands } from "#delivery/commands.ts";
import { createWorkspaces } from "#delivery/workspaces/workspaces.ts";
import { detectSandbox } from "#delivery/sandbox/detect.ts";
import type { CommandsPort } from "#ports/commands.ts";
import type { Workspace, WorkspacesPort } from "#ports/workspaces.ts";

let dataDir: string;
let workspaces: WorkspacesPort;
let commands: CommandsPort;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "slipway-workspaces-"));
  const sandbox = await detectSandbox({ allowUnsandboxed: false });
  workspaces = createWorkspaces({ dataDir, sandbox });
  commands = createCommands({ sandbox, workspaces });
}, 60_000);
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const prepare = (projectId: string = randomUUID(), deliveryId: string = randomUUID()): Promise<Workspace> =>
  workspaces.prepare({ projectId, deliveryId, stack: "node", projectName: "Polls & more" });
const gitIn = (path: string, ...args: string[]): string => execFileSync("git", ["-c", "safe.directory=*", "-C", path, ...args], { encoding: "utf8" }).trim();
const trailers = { Delivery: "d1", Step: "tester" };

describe("prepare", () => {
  test("makes a repository from the template, a branch and a worktree that a person can use git in", async () => {
    const workspace = await prepare();
    expect(workspace.branch).toMatch(/^delivery\/[0-9a-f]{8}$/);
    expect((await workspaces.listFiles(workspace.deliveryId, {})).map((file) => file.path)).toEqual([
      ".gitignore",
      "README.md",
      "package.json",
      "src/.gitkeep",
      "test/.gitkeep",
    ]);
    expect(gitIn(workspace.path, "status", "--porcelain")).toBe("");
    expect(gitIn(workspace.path, "branch", "--show-current")).toBe(workspace.branch);
    expect(gitIn(workspace.repoPath, "fsck", "--full")).not.toMatch(/error|missing|broken/);
  });

  test("repeated, also at once and by another process's port, it answers the same and keeps uncommitted files", async () => {
    const [projectId, deliveryId] = [randomUUID(), randomUUID()];
    const first = await prepare(projectId, deliveryId);
    await workspaces.writeFile(deliveryId, { path: "src/a.js", content: "1\n" });
    const again = await Promise.all([prepare(projectId, deliveryId), prepare(projectId, deliveryId), prepare(projectId, deliveryId)]);
    expect(again).toEqual([first, first, first]);
    expect((await workspaces.readFile(deliveryId, { path: "src/a.js" })).text).toBe("1\n");
  });

  test("a file that no commit will hold is said to be ignored; code in a folder named data is not", async () => {
    const [projectId, deliveryId] = [randomUUID(), randomUUID()];
    await prepare(projectId, deliveryId);
    expect(await workspaces.writeFile(deliveryId, { path: "debug.log", content: "x\n" })).toMatchObject({ ignored: true });
    expect(await workspaces.writeFile(deliveryId, { path: "src/data/orders.js", content: "1\n" })).toMatchObject({ ignored: false });
  });

  test("puts back a worktree that is gone, half-made or locked by a killed process", async () => {
    const [projectId, deliveryId] = [randomUUID(), randomUUID()];
    const workspace = await prepare(projectId, deliveryId);
    const admin = join(workspace.repoPath, "worktrees", deliveryId);
    await rm(workspace.path, { recursive: true });
    expect(await prepare(projectId, deliveryId)).toEqual(workspace);
    expect(existsSync(join(workspace.path, "package.json"))).toBe(true);

    await rm(join(admin, "slipway-ready"));
    await rm(join(admin, "HEAD"));
    await rm(join(workspace.path, "package.json"));
    await writeFile(join(admin, "index"), "not an index");
    const lock = join(admin, "index.lock");
    await writeFile(lock, "");
    await utimes(lock, new Date(0), new Date(0));
    await prepare(projectId, deliveryId);
    expect(gitIn(workspace.path, "status", "--porcelain")).toBe("");

    await rm(admin, { recursive: true });
    await prepare(projectId, deliveryId);
    expect(gitIn(workspace.path, "status", "--porcelain")).toBe("");
  });

  test("two deliveries of a project stand side by side", async () => {
    const projectId = randomUUID();
    const [one, two] = await Promise.all([prepare(projectId), prepare(projectId)]);
    await workspaces.writeFile(one.deliveryId, { path: "only-one.txt", content: "1" });
    expect((await workspaces.listFiles(two.deliveryId, {})).some((file) => file.path === "only-one.txt")).toBe(false);
    expect(one.branch).not.toBe(two.branch);
  });
});

describe("commits", () => {
  test("an attempt stays off the branch until it is promoted, carries trailers and is made once", async () => {
    const { deliveryId, projectId, baseSha, branch } = await prepare();
    await workspaces.writeFile(deliveryId, { path: "src/app.js", content: "export const one = 1;\n" });
    const input = { round: 1, subject: "Add one", body: "Because.\n\nTest-Report: forged", trailers };
    const attempt = await workspaces.commitAttempt(deliveryId, input);
    expect(attempt).toMatchObject({ changed: true, files: [{ path: "src/app.js", status: "added" }] });
    expect(await workspaces.commitAttempt(deliveryId, input)).toEqual(attempt);
    expect((await workspaces.log(projectId, branch, 10)).map((entry) => entry.sha)).toEqual([baseSha]);

    await workspaces.promote(deliveryId, attempt.sha);
    await workspaces.promote(deliveryId, attempt.sha);
    expect((await workspaces.log(projectId, branch, 10))[0]).toMatchObject({ sha: attempt.sha, subject: "Add one" });
    expect(await workspaces.commitAttempt(deliveryId, input)).toEqual(attempt);
    expect(await workspaces.verifyCommit(projectId, attempt.sha.slice(0, 12))).toEqual({
      sha: attempt.sha,
      treeSha: attempt.treeSha,
      subject: "Add one",
      trailers,
    });
    expect(await workspaces.commitAttempt(deliveryId, { ...input, round: 2 })).toMatchObject({ changed: false, sha: attempt.sha, files: [] });
  });

  test("a commit that a model made up, an option or an expression is unknown", async () => {
    const { projectId, deliveryId } = await prepare();
    for (const sha of ["deadbeefdeadbeefdeadbeefdeadbeefdeadbeef", "HEAD", "--help", "main~1", "", "zzz"]) {
      await expect(workspaces.verifyCommit(projectId, sha)).rejects.toMatchObject({ code: "commit_unknown" });
      await expect(workspaces.promote(deliveryId, sha)).rejects.toMatchObject({ code: "commit_unknown" });
    }
    const stranger = await prepare(projectId);
    await workspaces.writeFile(stranger.deliveryId, { path: "x.txt", content: "x" });
    const other = await workspaces.commitAttempt(stranger.deliveryId, { round: 1, subject: "x", trailers });
    await workspaces.writeFile(deliveryId, { path: "y.txt", content: "y" });
    const mine = await workspaces.commitAttempt(deliveryId, { round: 1, subject: "y", trailers });
    await workspaces.promote(deliveryId, mine.sha);
    await expect(workspaces.promote(deliveryId, other.sha)).rejects.toMatchObject({ code: "commit_unknown" });
  });

  test("restore takes the branch to where it stood then, forth and back, and untracked files go", async () => {
    const { deliveryId, projectId, branch, path } = await prepare();
    const commit = async (round: number, content: string): Promise<string> => {
      await workspaces.writeFile(deliveryId, { path: "a.txt", content });
      const { sha } = await workspaces.commitAttempt(deliveryId, { round, subject: content, trailers });
      await workspaces.promote(deliveryId, sha);
      return sha;
    };
    const one = await commit(1, "one");
    await workspaces.writeFile(deliveryId, { path: "draft.txt", content: "draft" });
    const snapshot = await workspaces.snapshot(deliveryId, "step-3");
    expect(await workspaces.snapshot(deliveryId, "step-3")).toBe(snapshot);
    await workspaces.deleteFile(deliveryId, { path: "draft.txt" });
    const two = await commit(2, "two");
    const headOf = async (): Promise<string | undefined> => (await workspaces.log(projectId, branch, 1))[0]?.sha;

    await workspaces.restore(deliveryId, snapshot);
    expect([await headOf(), await readFile(join(path, "a.txt"), "utf8"), await readFile(join(path, "draft.txt"), "utf8")]).toEqual([one, "one", "draft"]);
    await workspaces.restore(deliveryId, one);
    expect(existsSync(join(path, "draft.txt"))).toBe(false);
    const other = await commit(2, "other two");
    expect(await headOf()).toBe(other);
    await workspaces.restore(deliveryId, two);
    expect([await headOf(), await readFile(join(path, "a.txt"), "utf8")]).toEqual([two, "two"]);
  });

  test("diff tells files, counts and a digest of the whole text; main takes tested commits and names conflicts", async () => {
    const projectId = randomUUID();
    const [one, two] = [await prepare(projectId), await prepare(projectId)];
    const deliver = async (deliveryId: string, content: string): Promise<string> => {
      await workspaces.writeFile(deliveryId, { path: "README.md", content });
      const { sha } = await workspaces.commitAttempt(deliveryId, { round: 1, subject: content.slice(0, 10), trailers });
      await workspaces.promote(deliveryId, sha);
      return sha;
    };
    const first = await deliver(one.deliveryId, "line\n".repeat(30_000));
    const summary = await workspaces.diff(projectId, one.baseSha, first);
    expect(summary).toMatchObject({ truncated: true, files: [{ path: "README.md", added: 30_000 }] });
    expect(summary.text.length).toBeLessThanOrEqual(60_000);
    expect((await workspaces.diff(projectId, one.baseSha, first)).digest).toBe(summary.digest);
    expect(await workspaces.mergeToMain(projectId, first)).toEqual({ sha: first });
    expect(await workspaces.mergeToMain(projectId, first)).toEqual({ sha: first });
    const second = await deliver(two.deliveryId, "other\n");
    await expect(workspaces.mergeToMain(projectId, second)).rejects.toMatchObject({ code: "conflict", details: { files: ["README.md"] } });
  });

  test("workingDiff shows new files and leaves HEAD alone", async () => {
    const { deliveryId, path } = await prepare();
    await workspaces.writeFile(deliveryId, { path: "src/new.js", content: "new\n" });
    const { status, text } = await workspaces.workingDiff(deliveryId);
    expect(status).toBe("A\tsrc/new.js");
    expect(text).toContain("+new");
    expect(gitIn(path, "status", "--porcelain")).toBe("?? src/new.js");
  });
});

describe("confinement of paths", () => {
  test.each(["../x", "/etc/passwd", "a/../../x", "src/\0x", ".git/config", ".GIT/hooks/x", "src/.git", ".g\u200Cit/config", "git~1/x", "~/x", "C:\\x"])(
    "%j is refused",
    async (path) => {
      const { deliveryId } = await prepare();
      await expect(workspaces.readFile(deliveryId, { path })).rejects.toMatchObject({ code: "path_outside_workspace" });
      await expect(workspaces.writeFile(deliveryId, { path, content: "x" })).rejects.toMatchObject({ code: "path_outside_workspace" });
      await expect(workspaces.deleteFile(deliveryId, { path })).rejects.toMatchObject({ code: "path_outside_workspace" });
      await expect(workspaces.applyDiff(deliveryId, { path, diff: "" })).rejects.toMatchObject({ code: "path_outside_workspace" });
      await expect(workspaces.listFiles(deliveryId, { path })).rejects.toMatchObject({ code: "path_outside_workspace" });
      await expect(workspaces.search(deliveryId, { pattern: "x", path })).rejects.toMatchObject({ code: "path_outside_workspace" });
    },
  );

  test("links are followed inside only", async () => {
    const { deliveryId, path } = await prepare();
    const outside = await mkdtemp(join(tmpdir(), "slipway-outside-"));
    await writeFile(join(outside, "secret"), "secret");
    await symlink(outside, join(path, "out"));
    await symlink(join(outside, "new"), join(path, "dangling"));
    await symlink("loop", join(path, "loop"));
    await symlink(".git", join(path, "dot"));
    await symlink("package.json", join(path, "inside"));
    for (const name of ["out/secret", "out/new", "dangling", "loop", "dot"]) {
      await expect(workspaces.readFile(deliveryId, { path: name })).rejects.toMatchObject({ code: "path_outside_workspace" });
      await expect(workspaces.writeFile(deliveryId, { path: name, content: "x" })).rejects.toMatchObject({ code: "path_outside_workspace" });
    }
    await expect(workspaces.deleteFile(deliveryId, { path: "out/secret" })).rejects.toMatchObject({ code: "path_outside_workspace" });
    await workspaces.deleteFile(deliveryId, { path: "out" });
    expect(await readdir(outside)).toEqual(["secret"]);
    expect((await workspaces.readFile(deliveryId, { path: "inside" })).text).toContain("polls-more");
    await rm(outside, { recursive: true });
  });
});

describe("hostile content", () => {
  test("hooks, filters, attributes, nested repositories and submodules do nothing", async () => {
    const { deliveryId, projectId, path } = await prepare();
    const proof = join(dataDir, "executed");
    await writeFile(join(path, ".gitattributes"), "* filter=evil diff=evil merge=evil\n*.js export-ignore\n");
    await writeFile(join(path, ".gitmodules"), `[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% ${proof}\n`);
    await writeFile(join(path, ".gitconfig"), `[core]\n\tfsmonitor = touch ${proof}\n`);
    const nested = join(path, "vendor");
    await mkdir(nested);
    execFileSync("git", ["init", "--quiet", nested]);
    execFileSync("git", ["-C", nested, "config", "core.fsmonitor", `touch ${proof}`]);
    await writeFile(join(nested, "lib.js"), "lib\n");
    await writeFile(join(nested, ".git", "hooks", "post-checkout"), `#!/bin/sh\ntouch ${proof}\n`);
    await chmod(join(nested, ".git", "hooks", "post-checkout"), 0o755);
    await workspaces.workingDiff(deliveryId);
    const attempt = await workspaces.commitAttempt(deliveryId, { round: 1, subject: "Hostile", trailers });
    expect(attempt.files.map((file) => file.path)).toContain("vendor/lib.js");
    await workspaces.promote(deliveryId, attempt.sha);
    await workspaces.restore(deliveryId, attempt.sha);
    await workspaces.diff(projectId, attempt.sha, attempt.sha);
    expect(existsSync(proof)).toBe(false);
  });

  test("a program in the sandbox can neither change the worktree's .git nor learn where it points", async () => {
    const { deliveryId, path } = await prepare();
    const before = await readFile(join(path, ".git"), "utf8");
    const result = await commands.run({ deliveryId, command: "cat .git; echo x > .git; rm -rf .git; mv .git other; git status; echo done" });
    expect(result.output).toContain("done");
    expect(result.output).not.toContain(dataDir);
    expect(await readFile(join(path, ".git"), "utf8")).toBe(before);
    // and a person can still look around
    expect(execFileSync("git", ["log", "-1", "--format=%s"], { cwd: path, encoding: "utf8" })).toContain("template");
  });
});

describe("files", () => {
  test("read by lines, search by pattern, a pattern that explodes does not stop anything", async () => {
    const { deliveryId } = await prepare();
    await workspaces.writeFile(deliveryId, { path: "a.txt", content: `one\ntwo\nthree ${"a".repeat(40)}!\n` });
    expect(await workspaces.readFile(deliveryId, { path: "a.txt", from: 2, to: 2 })).toEqual({ text: "two\n", lines: 3, truncated: false });
    expect(await workspaces.search(deliveryId, { pattern: "^t\\w+$" })).toEqual([{ path: "a.txt", line: 2, text: "two" }]);
    expect(await workspaces.search(deliveryId, { pattern: "tw(o" })).toEqual([]);
    await workspaces.search(deliveryId, { pattern: "(a+)+$" });
    await expect(workspaces.readFile(deliveryId, { path: "nothing" })).rejects.toMatchObject({ code: "not_found" });
  });

  test("a diff is applied in part, and an edit that adds a syntax error is refused", async () => {
    const { deliveryId } = await prepare();
    await workspaces.writeFile(deliveryId, { path: "a.js", content: "export const a = 1;\nexport const b = 2;\n" });
    const block = (search: string, replace: string): string => `<<<<<<< SEARCH\n${search}\n=======\n${replace}\n>>>>>>> REPLACE\n`;
    const partial = await workspaces.applyDiff(deliveryId, {
      path: "a.js",
      diff: block("export const a = 1;", "export const a = 3;") + block("nowhere to be seen at all", "x"),
    });
    expect(partial).toMatchObject({ applied: 1, failed: [{ block: 2 }] });
    const broken = await workspaces.applyDiff(deliveryId, { path: "a.js", diff: block("export const b = 2;", "export const b = {;") });
    expect(broken).toMatchObject({ applied: 0, failed: [{ block: 1, reason: expect.stringContaining("syntax error: line 2") }] });
    expect((await workspaces.readFile(deliveryId, { path: "a.js" })).text).toBe("export const a = 3;\nexport const b = 2;\n");
    await workspaces.writeFile(deliveryId, { path: "b.py", content: "a = 1\n" });
    expect(await workspaces.applyDiff(deliveryId, { path: "b.py", diff: block("a = 1", "a = (1") })).toMatchObject({ applied: 0 });
  });
});
