import type { SandboxBind } from "./sandbox.ts";
import { freeBytes, treeBytes } from "./disk.ts";
import { measureTree } from "./process-tree.ts";

export interface WatchOptions {
  pid: number;
  /** Null when a cgroup already limits memory. */
  memoryBytes: number | null;
  /** Null when a cgroup already limits processes. */
  processes: number | null;
  writable: readonly SandboxBind[];
  diskBytes: number;
  onBreach(breach: "memory" | "processes" | "disk"): void;
}

const PERIOD_MS = 100;
const DISK_EVERY = 5;
/** Free space must have shrunk by this much before files are counted: counting a big node_modules twice a second would be the heavier load. */
const NOTICEABLE = 32 * 1024 * 1024;

/**
 * Looks at a running program from outside, where the kernel cannot be told to: memory and processes of the whole tree, growth of what it may
 * write. Returns what stops the watch.
 */
export function watch(options: WatchOptions): () => void {
  let ticks = 0;
  let counting = false;
  const before = new Map<string, { free: number; used: number }>();

  const checkDisk = async (): Promise<void> => {
    for (const { source } of options.writable) {
      const free = await freeBytes(source);
      const start = before.get(source);
      if (start === undefined) before.set(source, { free, used: await treeBytes(source, Number.MAX_SAFE_INTEGER) });
      else if (start.free - free > NOTICEABLE) {
        const limit = start.used + options.diskBytes;
        if ((await treeBytes(source, limit)) > limit) options.onBreach("disk");
      }
    }
  };
  const tick = (): void => {
    if (options.memoryBytes !== null || options.processes !== null) {
      const usage = measureTree(options.pid);
      if (options.memoryBytes !== null && usage.memoryBytes > options.memoryBytes) options.onBreach("memory");
      else if (options.processes !== null && usage.pids.length > options.processes) options.onBreach("processes");
    }
    if (counting || options.writable.length === 0 || ticks++ % DISK_EVERY !== 0) return;
    counting = true;
    void checkDisk()
      // a directory that vanished while it was measured says nothing
      .catch(() => undefined)
      .finally(() => (counting = false));
  };
  const timer = setInterval(tick, PERIOD_MS);
  return () => clearInterval(timer);
}
