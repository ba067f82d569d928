/**
 * One supervisor per DATA_DIR, without flock (Node has none) and without a stale-lock race.
 *
 * The lock is the file `lock.<n>` with the highest n; its content names the holder by pid and start. A holder that is gone never
 * comes back, so taking over generation n means creating n + 1 by link(2), which only one process can. A slow starter that creates a
 * lower generation than the highest sees that when it lists again, and gives way. Lower generations are removed by the holder.
 */
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { identify, isRunning } from "./process-identity.ts";

const Holder = z.object({ pid: z.number().int(), started: z.string(), controlPath: z.string() });
export type Holder = z.infer<typeof Holder>;

export interface SupervisorLock {
  /** False once the lock file is gone, for example because DATA_DIR was deleted. */
  held(): boolean;
  release(): void;
}

function generations(directory: string): number[] {
  try {
    return readdirSync(directory)
      .flatMap((name) => /^lock\.(\d+)$/.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => b - a);
  } catch {
    return [];
  }
}

function readHolder(file: string): Holder | null {
  try {
    return Holder.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}

/** The running holder of the lock, or null. */
export async function findHolder(directory: string): Promise<Holder | null> {
  const [newest] = generations(directory);
  if (newest === undefined) return null;
  const holder = readHolder(join(directory, `lock.${newest}`));
  return holder && (await isRunning(holder)) ? holder : null;
}

/** Takes the lock for this process; null when another one holds it. */
export async function takeLock(directory: string, controlPath: string): Promise<SupervisorLock | null> {
  const [newest = 0] = generations(directory);
  if (newest > 0 && (await findHolder(directory))) return null;
  const self = await identify(process.pid);
  if (!self) return null;
  const draft = join(directory, `draft.${process.pid}`);
  const file = join(directory, `lock.${newest + 1}`);
  writeFileSync(draft, JSON.stringify({ ...self, controlPath }), { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch {
    return null;
  } finally {
    rmSync(draft, { force: true });
  }
  if (generations(directory)[0] !== newest + 1) {
    rmSync(file, { force: true });
    return null;
  }
  for (const old of generations(directory)) if (old <= newest) rmSync(join(directory, `lock.${old}`), { force: true });
  return {
    held: () => readHolder(file)?.pid === process.pid,
    release: () => rmSync(file, { force: true }),
  };
}
