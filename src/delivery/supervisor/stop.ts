import { setTimeout as sleep } from "node:timers/promises";
import { answers } from "./port-owner.ts";
import { isRunning, type ProcessIdentity } from "./process-identity.ts";
import { membersOf } from "./process-tree.ts";

export interface StopReport {
  /** True when SIGTERM was not enough. */
  forced: boolean;
  /** False when something still listens on the release's port afterwards. */
  portClosed: boolean;
}

/** Signals one process or, negative, a group; one that is gone already is fine. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH
  }
}

async function signalAll(leader: ProcessIdentity, mark: string, name: NodeJS.Signals): Promise<void> {
  // the group only while its leader is certainly ours: afterwards the number may belong to somebody else
  if (await isRunning(leader)) signal(-leader.pid, name);
  for (const pid of await membersOf(leader, mark)) signal(pid, name);
}

/** SIGTERM to the release's whole tree, `graceMs` of patience, SIGKILL to what is left, and a look at the port. */
export async function stopRelease(leader: ProcessIdentity, input: { releaseId: string; port: number; graceMs: number }): Promise<StopReport> {
  const mark = `RELEASE=${input.releaseId}`;
  const end = Date.now() + input.graceMs;
  await signalAll(leader, mark, "SIGTERM");
  let alive = await membersOf(leader, mark);
  while (alive.length > 0 && Date.now() < end) {
    await sleep(40);
    alive = await membersOf(leader, mark);
  }
  const forced = alive.length > 0;
  for (let round = 0; alive.length > 0 && round < 200; round += 1) {
    await signalAll(leader, mark, "SIGKILL");
    await sleep(40);
    alive = await membersOf(leader, mark);
  }
  return { forced, portClosed: !(await answers(input.port)) };
}
