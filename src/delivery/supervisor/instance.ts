/**
 * One release's process over time: started or adopted, noticed when it ends, stopped with everything below it. Knows nothing of gates,
 * switches and restarts; `app.ts` decides those.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "#errors";
import { adoptProcess, launchProcess, type Exit, type Running } from "./launch.ts";
import type { Memory } from "./memory.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import type { Slot } from "./protocol.ts";
import { stopRelease, type StopReport } from "./stop.ts";
import { createTurns } from "./turns.ts";
import { createTraffic, type Traffic } from "./traffic.ts";

/** No process has it: only the mark in the environment finds anything. */
const NOBODY: ProcessIdentity = { pid: -1, started: "" };
const LOG_WAIT_MS = 2_000;

export interface Instance {
  readonly traffic: Traffic;
  /** The live process, or null. */
  running(): Running | null;
  /** Starts the process, or takes over the one that the state remembers. `launch_missing` when the supervisor does not know how. */
  up(): Promise<Running>;
  /** Takes over the remembered process if it still runs. */
  adopt(): Promise<Running | null>;
  /** Ends it for good: the exit is not reported. Null when nothing ran. */
  down(): Promise<StopReport | null>;
  /** Waits until what the ended process printed is in its log, a moment at most (a child of it may hold the output open). */
  logged(): Promise<void>;
}

/** `onExit` is told about every end that `down` did not cause. `up` and `down` never overlap. */
export function createInstance(memory: Memory, slot: Slot, onExit: (exit: Exit) => void): Instance {
  let running: Running | null = null;
  let stopping = false;
  let logged: Promise<void> = Promise.resolve();
  const inTurn = createTurns();

  function follow(next: Running): Running {
    running = next;
    logged = next.logged;
    void next.exited.then(async (exit) => {
      if (running !== next || stopping) return;
      running = null;
      slot.process = null;
      memory.commit();
      // whatever the leader left behind would keep the port from its successor
      await inTurn(() => stopRelease(next.identity, { releaseId: slot.releaseId, port: slot.port, graceMs: 0 }));
      onExit(exit);
    });
    return next;
  }

  async function adopt(): Promise<Running | null> {
    if (running) return running;
    const found = slot.process ? await adoptProcess(slot.process) : null;
    return found ? follow(found) : null;
  }

  return {
    traffic: createTraffic(),
    running: () => running,
    adopt: () => inTurn(adopt),
    up: () =>
      inTurn(async () => {
        const adopted = await adopt();
        if (adopted) return adopted;
        const launch = memory.launches.get(slot.releaseId);
        if (!launch) throw new AppError("deploy_failed", "The supervisor was restarted and has not been told yet how to start this release.");
        // strays of this release: children of a dead leader, or all of it where an earlier memory was lost
        await stopRelease(slot.process ?? NOBODY, { releaseId: slot.releaseId, port: slot.port, graceMs: 0 });
        stopping = false;
        const started = await launchProcess(launch, slot.logFile, (identity) => {
          slot.process = identity;
          memory.commitDurably();
        });
        return follow(started);
      }),
    down: () =>
      inTurn(async () => {
        const target = running?.identity ?? slot.process;
        if (!target) return null;
        stopping = true;
        const report = await stopRelease(target, { releaseId: slot.releaseId, port: slot.port, graceMs: slot.timing.graceMs });
        running = null;
        slot.process = null;
        memory.commit();
        return report;
      }),
    async logged() {
      await Promise.race([logged, sleep(LOG_WAIT_MS, undefined, { ref: false })]);
    },
  };
}
