/**
 * The gate in front of the switch. Four phases, each with one line of evidence, and no way round:
 *   process   the release's process is alive (it ends at once when the process does)
 *   port      somebody listens on its port, and that somebody is a process of this release
 *   answer    GET <health path> is 2xx, k times in a row
 *   identity  each of those answers carries the release's id, so it cannot be another release's
 */
import { setTimeout as sleep } from "node:timers/promises";
import { probe } from "./health-probe.ts";
import type { Exit, Running } from "../supervisor/launch.ts";
import { portOwner } from "../supervisor/port-owner.ts";
import { membersOf } from "../supervisor/process-tree.ts";
import type { Evidence, Timing } from "../supervisor/protocol.ts";

export interface GateInput {
  running: Running;
  releaseId: string;
  host: string;
  port: number;
  healthPath: string;
  /** See `ProbeInput`. */
  masks: readonly string[] | null;
  timing: Pick<Timing, "gateMs" | "badSignMs" | "tryMs" | "pauseMs" | "successes">;
}

/** How a process ended, as the rest of a sentence. */
export function describeExit(exit: Exit): string {
  if (exit.signal !== null) return `was ended by ${exit.signal}`;
  return exit.code === null ? "ended" : `ended with exit code ${exit.code}`;
}

const IDENTITY_ADVICE =
  'does not carry the id of this release, so it does not prove which release answers. Answer the health path with { "status": "ok", "release": <value of the environment variable RELEASE> }, or send it in the header x-release.';

/** Runs the gate. The last line says why when `ok` is false. */
export async function passGate(input: GateInput): Promise<{ ok: boolean; evidence: Evidence[] }> {
  const { running, port, timing, releaseId } = input;
  const seconds = timing.gateMs / 1_000;
  const deadline = Date.now() + timing.gateMs;
  const evidence: Evidence[] = [];
  const add = (phase: Evidence["phase"], ok: boolean, message: string) => evidence.push({ phase, ok, message });
  const fail = (phase: Evidence["phase"], message: string) => {
    add(phase, false, message);
    return { ok: false, evidence };
  };
  const exited = async () => fail("process", `The process ${describeExit(await running.exited)} before it was healthy.`);
  let badSince: number | null = null;
  /** The pause between two looks; false once the process has ended or the time is over. */
  const again = async (bad: boolean) => {
    badSince = bad ? (badSince ?? Date.now()) : null;
    await Promise.race([running.exited, sleep(timing.pauseMs)]);
    return !running.gone() && Date.now() < deadline && (badSince === null || Date.now() < badSince + timing.badSignMs);
  };

  await Promise.race([running.exited, sleep(0)]);
  if (running.gone()) return exited();
  add("process", true, `Process ${running.identity.pid} is alive.`);

  const owner = async () => portOwner(port, await membersOf(running.identity, `RELEASE=${releaseId}`));
  let seen = await owner();
  while (!seen.ours && (await again(seen.listening))) seen = await owner();
  if (!seen.ours) {
    if (running.gone()) return exited();
    return seen.listening
      ? fail("port", `Somebody else answers on port ${port}: the listener is no process of this release.`)
      : fail(
          "port",
          `Nothing of this release listens on 127.0.0.1:${port} after ${seconds} s. The service must listen on the address in HOST and the port in PORT.`,
        );
  }
  add("port", true, `Port ${port} is held by a process of this release.`);

  let good = 0;
  let last = "";
  let unidentified = 0;
  let wrong = false;
  for (let more = true; more; more = await again(wrong)) {
    const timeoutMs = Math.max(1, Math.min(timing.tryMs, deadline - Date.now()));
    const result = await probe({ port, host: input.host, path: input.healthPath, releaseId, timeoutMs, masks: input.masks });
    last = result.message;
    const answered = result.status !== null && result.status >= 200 && result.status < 300;
    if (answered && !result.identified) {
      unidentified += 1;
      good = 0;
      // a healthy answer without the id will not change by waiting
      if (unidentified >= timing.successes) return fail("identity", `${last}, but the answer ${IDENTITY_ADVICE}`);
      continue;
    }
    wrong = result.status !== null && !answered;
    good = answered ? good + 1 : 0;
    if (good >= timing.successes) {
      if (!(await owner()).ours) return fail("port", `Port ${port} changed hands during the check.`);
      add("answer", true, `${last}, ${timing.successes} times in a row.`);
      add("identity", true, `The answers carry the release's id, and the listening process belongs to the release.`);
      return { ok: true, evidence };
    }
  }
  if (running.gone()) return exited();
  return fail("answer", `${last}; no ${timing.successes} good answers in a row.`);
}
