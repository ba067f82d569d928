import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "#errors";

/** Writes a file so that a reader, or the next process after a kill, sees either the old or the new content. Throws `disk_full`. */
export async function writeAtomically(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  const temporary = join(dirname(path), `.slipway-${randomBytes(6).toString("hex")}.tmp`);
  try {
    await mkdir(dirname(path), { recursive: true });
    // exclusive: a link that somebody placed under this name is not followed
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOSPC" || code === "EDQUOT")
      throw new AppError("disk_full", "The disk is full. Free some space and run it again; nothing was lost.", { cause: error });
    throw error;
  }
}
