import { readdirSync, readFileSync } from "node:fs";

/** Memory and members of a process with all its descendants, as /proc tells at this moment (Linux; nothing elsewhere). */
export interface TreeUsage {
  pids: number[];
  /** Anonymous and shared-memory pages: what cannot be given back. */
  memoryBytes: number;
}

/** Walks the tree below `root`, `root` included. A process that ends meanwhile is left out. */
export function measureTree(root: number): TreeUsage {
  const pids: number[] = [];
  let memoryBytes = 0;
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    pids.push(pid);
    memoryBytes += residentBytes(pid);
    open.push(...children(pid));
  }
  return { pids, memoryBytes };
}

function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    return (kilobytes("RssAnon") + kilobytes("RssShmem")) * 1_024;
  } catch {
    return 0;
  }
}

function children(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "latin1")
        .split(" ")
        .filter((word) => word !== "")
        .map(Number),
    );
  } catch {
    return [];
  }
}
