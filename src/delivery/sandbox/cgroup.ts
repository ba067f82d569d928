import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where control groups of ours can be made: one directory (version 2) or one per controller (version 1). */
export interface CgroupRoot {
  version: 1 | 2;
  memory: string;
  processes: string;
}

/** A group for one run. */
export interface Cgroup {
  /** Files that a process writes its pid into, to join before it starts anything. */
  joins: string[];
  ranOutOfMemory(): boolean;
  refusedProcesses(): boolean;
  /** Removes the group; false while something still lives in it. */
  remove(): boolean;
}

const PREFIX = "slipway-";

/** Finds a place below our own groups, so that limits set on us from outside keep holding. Null when none can be made (a normal user, a container). */
export function findCgroupRoot(): CgroupRoot | null {
  try {
    const own = readFileSync("/proc/self/cgroup", "latin1")
      .trim()
      .split("\n")
      .map((line) => line.split(":"));
    const directory = (controller: string): string | null => {
      const line = own.find(([, controllers]) => controllers?.split(",").includes(controller));
      return line === undefined ? null : join("/sys/fs/cgroup", controller, line[2] ?? "/");
    };
    const [memory, processes] = [directory("memory"), directory("pids")];
    if (memory !== null && processes !== null) return usable({ version: 1, memory, processes });
    const unified = own.find(([number]) => number === "0");
    if (unified === undefined) return null;
    const path = join("/sys/fs/cgroup", unified[2] ?? "/");
    const delegated = readFileSync(join(path, "cgroup.subtree_control"), "latin1").split(/\s+/);
    if (!delegated.includes("memory") || !delegated.includes("pids")) return null;
    return usable({ version: 2, memory: path, processes: path });
  } catch {
    return null;
  }
}

function usable(root: CgroupRoot): CgroupRoot | null {
  sweep(root);
  const group = createCgroup(root, `probe-${process.pid}`, { memoryBytes: 64 * 1024 * 1024, processes: 16 });
  return group !== null && group.remove() ? root : null;
}

/** Removes groups whose server was killed. */
function sweep(root: CgroupRoot): void {
  for (const directory of new Set([root.memory, root.processes])) {
    for (const name of readdirSync(directory)) {
      const owner = /^slipway-(?:probe-)?(\d+)/.exec(name)?.[1];
      if (owner === undefined || Number(owner) === process.pid || isAlive(Number(owner))) continue;
      tryTo(() => rmdirSync(join(directory, name)));
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Makes a group with limits, or answers null when the kernel refuses; the caller then watches from outside. */
export function createCgroup(root: CgroupRoot, name: string, limits: { memoryBytes: number; processes: number }): Cgroup | null {
  const memory = join(root.memory, `${PREFIX}${name}`);
  const processes = join(root.processes, `${PREFIX}${name}`);
  const directories = [...new Set([memory, processes])];
  const remove = (): boolean => directories.map((directory) => tryTo(() => rmdirSync(directory))).every(Boolean);
  try {
    for (const directory of directories) mkdirSync(directory);
    writeFileSync(join(memory, root.version === 2 ? "memory.max" : "memory.limit_in_bytes"), String(limits.memoryBytes));
    tryTo(() => writeFileSync(join(memory, root.version === 2 ? "memory.swap.max" : "memory.swappiness"), "0"));
    writeFileSync(join(processes, "pids.max"), String(limits.processes));
  } catch {
    remove();
    return null;
  }
  const counts = (file: string, key: string): boolean => {
    let seen = false;
    tryTo(() => {
      seen = Number(new RegExp(`^${key} (\\d+)$`, "m").exec(readFileSync(file, "latin1"))?.[1] ?? 0) > 0;
    });
    return seen;
  };
  return {
    joins: directories.map((directory) => join(directory, "cgroup.procs")),
    ranOutOfMemory: () => counts(join(memory, root.version === 2 ? "memory.events" : "memory.oom_control"), "oom_kill"),
    refusedProcesses: () => counts(join(processes, "pids.events"), "max"),
    remove,
  };
}

function tryTo(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
