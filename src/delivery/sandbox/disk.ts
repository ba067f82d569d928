import { lstat, opendir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "#errors";

const SPARE = 64 * 1024 * 1024;

/** Free bytes of the file system that holds `path`. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** Throws `disk_full` when a program could hardly write anything: its failure would say nothing about itself. */
export async function requireDiskSpace(path: string): Promise<void> {
  if ((await freeBytes(path)) < SPARE) {
    throw new AppError("disk_full", "Less than 64 MB are free on the disk that holds DATA_DIR. Free some space and run it again; nothing was lost.");
  }
}

/** Bytes in use below `path`; stops counting above `enough`. Links are not followed. */
export async function treeBytes(path: string, enough: number): Promise<number> {
  let total = 0;
  const open = [path];
  for (let folder = open.pop(); folder !== undefined && total <= enough; folder = open.pop()) {
    try {
      for await (const entry of await opendir(folder)) {
        const full = join(folder, entry.name);
        if (entry.isDirectory()) open.push(full);
        // an entry costs at least its directory slot, so that a flood of empty files counts too
        else total += 512 + (await lstat(full)).blocks * 512;
      }
    } catch {
      // gone meanwhile
    }
  }
  return total;
}
