import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { promisify } from "node:util";

/** Removes a folder that programs wrote into, also where they took away the right to. Never throws: what cannot go now goes with a later sweep. */
export async function removeTree(path: string): Promise<void> {
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 3 });
  try {
    await remove();
  } catch {
    await promisify(execFile)("chmod", ["-R", "u+rwX", "--", path]).catch(() => undefined);
    await remove().catch(() => undefined);
  }
}
