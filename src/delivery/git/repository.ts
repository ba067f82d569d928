import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "#errors";
import type { Stack } from "#ports/projects.ts";
import { git, gitLine } from "./git.ts";
import { templateOf } from "../templates/template.ts";

export const MAIN = "refs/heads/main";

/**
 * The project's repository, made when there is none: built beside its place with the template as first commit, then renamed, so that a killed
 * process leaves either nothing or all of it.
 */
export async function ensureRepository(repository: string, input: { stack: Stack; projectName: string }): Promise<void> {
  if (await isRepository(repository)) return;
  const folder = dirname(repository);
  await mkdir(folder, { recursive: true });
  await removeLeftovers(folder);
  const building = join(folder, `building-${randomBytes(6).toString("hex")}`);
  const [bare, files] = [join(building, "repo.git"), join(building, "files")];
  await mkdir(bare, { recursive: true });
  await git(["init", "--quiet", "--bare", "--template="], { gitDir: bare });
  for (const [path, content] of Object.entries(templateOf(input.stack, input.projectName))) {
    await mkdir(dirname(join(files, path)), { recursive: true });
    await writeFile(join(files, path), content);
  }
  await git(["add", "-A", "--", "."], { gitDir: bare, workTree: files });
  const tree = await gitLine(["write-tree"], { gitDir: bare, workTree: files });
  const commit = await gitLine(["commit-tree", tree, "-m", `Start from the ${input.stack} template`], { gitDir: bare });
  await git(["update-ref", MAIN, commit], { gitDir: bare });
  await rm(join(bare, "index"), { force: true });
  try {
    await rename(bare, repository);
  } catch (error) {
    // another process was first
    if (!(await isRepository(repository))) throw error;
  }
  await rm(building, { recursive: true, force: true });
}

async function isRepository(repository: string): Promise<boolean> {
  return stat(join(repository, "HEAD")).then(
    () => true,
    () => false,
  );
}

/** Half-made repositories of a killed process. Younger ones may be somebody's work in progress. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith("building-")) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > 60_000) await rm(path, { recursive: true, force: true });
  }
}

/** The commit a reference or a hexadecimal name stands for, or null. Names that could be an option or an expression are not looked up. */
export async function resolveCommit(repository: string, name: string): Promise<string | null> {
  if (!/^(?:[0-9a-fA-F]{7,64}|(?:refs\/)?[A-Za-z0-9_][A-Za-z0-9_/-]*)$/.test(name) || !(await isRepository(repository))) return null;
  const { code, stdout } = await git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`], { gitDir: repository, accept: [1, 128] });
  return code === 0 ? stdout.trim() : null;
}

/** The commit that a hexadecimal name stands for: what a model, a state or a person may name. Throws `commit_unknown`. */
export async function requireCommit(repository: string, name: string): Promise<string> {
  return requireReference(repository, /^[0-9a-fA-F]{7,64}$/.test(name) ? name : "");
}

/** The commit that a reference or a hexadecimal name stands for. Throws `commit_unknown`. */
export async function requireReference(repository: string, name: string): Promise<string> {
  const sha = await resolveCommit(repository, name);
  if (sha === null) throw new AppError("commit_unknown", `The repository has no commit "${name.slice(0, 80)}".`);
  return sha;
}

export async function isAncestor(repository: string, ancestor: string, descendant: string): Promise<boolean> {
  return (await git(["merge-base", "--is-ancestor", ancestor, descendant], { gitDir: repository, accept: [1] })).code === 0;
}

/**
 * Files of a commit, without git, in a folder that must not exist or be empty. Attributes that would leave files out (export-ignore) do not
 * count here, and nothing of git lies in the result.
 */
export async function exportTree(repository: string, sha: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const indexFile = `${folder}.index`;
  try {
    await git(["read-tree", sha], { gitDir: repository, workTree: folder, indexFile });
    await git(["checkout-index", "--all", "--force"], { gitDir: repository, workTree: folder, indexFile });
    await chmod(folder, 0o755);
  } finally {
    await rm(indexFile, { force: true });
    await rm(`${indexFile}.lock`, { force: true });
  }
}
