import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { lchown } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { AppError } from "#errors";

const execute = promisify(execFile);

/** Uids that no distribution hands to people or packages (below nobody, above the range of system accounts). */
const FIRST = 61_200;
const COUNT = 4_000;

/** True when programs must be moved to another uid: root ignores process limits and file modes. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The uid an identity runs under, or null when Slipway is not root. Two identities may share one; they still share no files or processes. */
export function uidOf(identity: string): number | null {
  if (!isRoot()) return null;
  return FIRST + (createHash("sha256").update(identity).digest().readUInt32BE(0) % COUNT);
}

/** Hands a directory's files to the identity's uid; links themselves are changed, never what they point to. */
export async function grantTo(path: string, identity: string): Promise<void> {
  const uid = uidOf(identity);
  if (uid === null) return;
  try {
    await execute("chown", ["-R", "-h", `${uid}:${uid}`, "--", path], { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
  } catch (cause) {
    throw new AppError(
      "test_infrastructure",
      "The workspace could not be handed to the sandbox's user. Is its file system mounted read-only or without owners?",
      { cause },
    );
  }
}

/** Makes a worktree's top ours again after `grantTo`: git refuses to work for root in a folder that another user owns. */
export async function takeBackTop(path: string): Promise<void> {
  if (!isRoot()) return;
  for (const top of [path, join(path, ".git")]) await lchown(top, 0, 0).catch(() => undefined);
}
