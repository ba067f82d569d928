import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A process that can be recognised after any restart: pids are reused, the pair is not. */
export interface ProcessIdentity {
  pid: number;
  /** Boot and clock tick of its start on Linux, the start date elsewhere. */
  started: string;
}

let boot: string | undefined;

function bootId(): string {
  try {
    boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    boot = "boot";
  }
  return boot;
}

/** Fields of /proc/<pid>/stat after the name in brackets, which may hold anything: 0 is the state, 1 the parent, 2 the group, 3 the session. */
export function statFields(pid: number | string): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** The identity of a process that runs now; null when there is none, or only its zombie. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  if (process.platform === "linux") {
    const fields = statFields(pid);
    const tick = fields?.[19];
    if (!fields || tick === undefined || fields[0] === "Z" || fields[0] === "X") return null;
    return { pid, started: `${bootId()}:${tick}` };
  }
  try {
    const { stdout } = await run("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { env: { LC_ALL: "C", PATH: "/bin:/usr/bin" } });
    const [stat = "Z", ...date] = stdout.trim().split(/\s+/);
    return stat.startsWith("Z") || date.length === 0 ? null : { pid, started: date.join(" ") };
  } catch {
    return null;
  }
}

/** True while exactly this process runs; a reused pid is another process. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.started === identity.started;
}
