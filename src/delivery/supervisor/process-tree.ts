import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { isRunning, statFields, type ProcessIdentity } from "./process-identity.ts";

const run = promisify(execFile);

interface Entry {
  pid: number;
  parent: number;
  group: number;
  session: number;
}

async function processTable(): Promise<Entry[]> {
  if (process.platform === "linux") {
    return readdirSync("/proc").flatMap((name) => {
      const pid = Number(name);
      const fields = Number.isInteger(pid) ? statFields(pid) : null;
      if (!fields || fields[0] === "Z") return [];
      return [{ pid, parent: Number(fields[1]), group: Number(fields[2]), session: Number(fields[3]) }];
    });
  }
  const { stdout } = await run("ps", ["-axo", "pid=,ppid=,pgid="], { maxBuffer: 16_000_000 });
  return stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, parent, group]) => (pid === undefined || parent === undefined || group === undefined ? [] : [{ pid, parent, group, session: -1 }]));
}

/** A process that left group, session and parent behind still carries the release in the environment it was started with (the sandbox renames it on the way). */
function carriesMark(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1")
      .split("\0")
      .some((entry) => entry === mark || entry === `SLIPWAY_ENV_${mark}`);
  } catch {
    return false;
  }
}

/**
 * Every process of a release: the leader's group and session, everything below it (through pid namespaces, which the host sees),
 * and whatever else carries `mark` (`RELEASE=<id>`) in its environment. Once the leader is gone its number may belong to somebody
 * else, so then only the mark counts (the group where environments cannot be read).
 */
export async function membersOf(leader: ProcessIdentity, mark: string): Promise<number[]> {
  const table = await processTable();
  const trusted = (await isRunning(leader)) || (process.platform !== "linux" && !table.some((entry) => entry.pid === leader.pid));
  const members = new Set<number>();
  for (const entry of table) {
    const related = trusted && (entry.pid === leader.pid || entry.group === leader.pid || entry.session === leader.pid);
    if (related || carriesMark(entry.pid, mark)) members.add(entry.pid);
  }
  for (let size = -1; size !== members.size;) {
    size = members.size;
    for (const entry of table) if (members.has(entry.parent)) members.add(entry.pid);
  }
  members.delete(process.pid);
  members.delete(1);
  return [...members];
}
