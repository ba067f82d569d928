import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { AppError } from "#errors";

/** Names that file systems which ignore case or invisible characters would take for `.git`. */
function isGitName(segment: string): boolean {
  const plain = segment
    .normalize("NFKD")
    .replaceAll(/[\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/g, "")
    .toLowerCase()
    .replace(/[. ]+$/, "");
  return plain === ".git" || plain === "git~1";
}

function refuse(path: string, why: string): never {
  throw new AppError("path_outside_workspace", `"${path.slice(0, 200).replaceAll("\0", "\\0")}" ${why}. Use a path inside the workspace, relative to it.`);
}

/**
 * Checks a path that a model named, without touching the disk, and gives it back in plain form (`src/a.js`; "" for the workspace itself).
 * Throws `path_outside_workspace` for an absolute path, `..`, a NUL, anything in `.git`.
 */
export function plainPath(path: string): string {
  if (path.includes("\0")) refuse(path, "holds a NUL character");
  if (path.startsWith("/") || path.startsWith("~") || /^[A-Za-z]:[\\/]/.test(path)) refuse(path, "is not relative");
  if (Buffer.byteLength(path) > 1_024) refuse(path, "is too long");
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) refuse(path, "leaves the workspace");
  if (segments.some(isGitName)) refuse(path, "belongs to git");
  if (segments.some((segment) => Buffer.byteLength(segment) > 255)) refuse(path, "has a name that is too long");
  return segments.join("/");
}

/**
 * The real, absolute place of a path in the workspace: links are followed and must stay inside. What does not exist yet is placed under
 * the deepest folder that does. Throws `path_outside_workspace`.
 */
export async function resolveInside(root: string, path: string): Promise<string> {
  const plain = plainPath(path);
  const realRoot = await realpath(root);
  const wanted = join(realRoot, plain);
  const real = await realpathOfDeepest(wanted, path);
  if (real !== realRoot && !real.startsWith(realRoot + sep)) refuse(path, "leads out of the workspace through a link");
  if (real.slice(realRoot.length).split(sep).some(isGitName)) refuse(path, "leads into git's own files");
  return real;
}

async function realpathOfDeepest(wanted: string, shown: string): Promise<string> {
  const missing: string[] = [];
  for (let current = wanted; ; current = dirname(current)) {
    try {
      return join(await realpath(current), ...missing);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ELOOP") refuse(shown, "is a link to itself");
      if (code === "ENOTDIR") {
        missing.unshift(basename(current));
        continue;
      }
      if (code !== "ENOENT") throw error;
      // a link whose target is missing would be created through: that is outside until proven otherwise
      const link = await lstat(current).catch(() => null);
      if (link?.isSymbolicLink() === true) refuse(shown, "is a link to something that does not exist");
      missing.unshift(basename(current));
    }
  }
}
