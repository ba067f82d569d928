/**
 * One deployed project: which release serves, how it got there, what happens when it dies.
 *
 *   activate   starting --gate--> serving (switch, smoke through the proxy) --> the old one drains and stops
 *                       --gate fails--> failed; whoever served goes on serving, untouched
 *   watch      for `watchMs` after the switch: an exit, three sick answers in a row or mostly server errors take the release back:
 *              it becomes failed, the previous one is started afresh and passes the gate while requests wait. Afresh, because the
 *              process that served before may hold older data in memory than the failed one wrote.
 *   exit       of the serving release, outside the watch or with nothing to go back to: restarted after 0.5 s, 1 s, … 30 s;
 *              five exits in a minute: crashed, and requests are told so
 *   undeploy   the route goes first, then requests in flight end, then the process
 *
 * Every arrow is committed to the state file before it has an effect, so `resume` after a kill goes on where it stood: a release that
 * was in the gate is gated again, one that drained drains again. Processes are adopted, never started twice (`launch.ts`).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "#log";
import { describeExit, passGate } from "../releases/health-gate.ts";
import { probe } from "../releases/health-probe.ts";
import type { Route } from "../proxy/routes.ts";
import { createInstance, type Instance } from "./instance.ts";
import type { Exit } from "./launch.ts";
import { readTail } from "./log-tail.ts";
import { findSlot, type Memory } from "./memory.ts";
import type { Activate, App, Evidence, Outcome, Slot } from "./protocol.ts";
import { createTurns } from "./turns.ts";

const CRASH_LOOP_EXITS = 5;
const CRASH_LOOP_MS = 60_000;
/** How long a release that must be started waits for a server that says how. */
const LAUNCH_WAIT_MS = 60_000;
/** Requests still running on a release that is about to come back get so long to end. */
const RESTORE_DRAIN_MS = 5_000;
const SICK_ANSWERS = 3;
/** Ended releases that are remembered per app, for the repeated question how they ended. */
const REMEMBERED = 10;

export interface AppKeeper {
  readonly app: App;
  route(): Route;
  activate(request: Activate): Promise<Outcome>;
  undeploy(): Promise<void>;
  /** After a restart of the supervisor; settles when running processes are adopted. */
  resume(): Promise<void>;
  /** Ends the processes and keeps what should run. */
  stopProcesses(): Promise<void>;
}

export interface AppContext {
  memory: Memory;
  log: Log;
  /** Port of the proxy, for the smoke test through it. */
  proxyPort(): number;
  /** True once the supervisor is about to end: nothing is started any more. */
  closing(): boolean;
}

/** The keeper of one project; `app` is its part of the state file, and changes with it. */
export function createAppKeeper(app: App, context: AppContext): AppKeeper {
  const { memory, log } = context;
  const instances = new Map<string, Instance>();
  const inTurn = createTurns();
  const host = `${app.slug}.localhost`;
  const line = (phase: Evidence["phase"], ok: boolean, message: string): Evidence => ({ phase, ok, message });

  function instanceOf(slot: Slot): Instance {
    const known = instances.get(slot.releaseId);
    if (known) return known;
    const made = createInstance(memory, slot, (exit) => onExit(slot, exit));
    instances.set(slot.releaseId, made);
    return made;
  }

  function masksOf(slot: Slot): readonly string[] | null {
    return memory.launches.get(slot.releaseId)?.masks ?? null;
  }

  function setPhase(slot: Slot, phase: Slot["phase"]): void {
    slot.phase = phase;
    memory.commit();
  }

  /** Writes down how an activation ended. */
  function conclude(slot: Slot, status: Outcome["status"], evidence: Evidence[]): Outcome {
    slot.outcome = { status, evidence, serving: app.serving, logTail: readTail(slot.logFile, 8_000) };
    memory.commit();
    log.info({ app: app.slug, release: slot.releaseId, status, because: evidence.at(-1)?.message }, "activation ended");
    return slot.outcome;
  }

  async function startAndGate(slot: Slot): Promise<{ ok: boolean; evidence: Evidence[] }> {
    const instance = instanceOf(slot);
    const end = Date.now() + LAUNCH_WAIT_MS;
    while (!memory.launches.has(slot.releaseId) && !(await instance.adopt()) && Date.now() < end) await memory.changed(end - Date.now());
    try {
      const running = await instance.up();
      return await passGate({
        running,
        releaseId: slot.releaseId,
        host,
        port: slot.port,
        healthPath: slot.healthPath,
        masks: masksOf(slot),
        timing: slot.timing,
      });
    } catch (error) {
      return { ok: false, evidence: [line("process", false, error instanceof Error ? error.message : String(error))] };
    }
  }

  /** Takes an activation from wherever it stands to its outcome. */
  async function finish(slot: Slot, preface: Evidence[]): Promise<Outcome> {
    const gate = await startAndGate(slot);
    const evidence = [...preface, ...gate.evidence];
    if (!gate.ok) return app.serving === slot.releaseId ? takeBack(slot, evidence) : refuse(slot, evidence);
    const pid = instanceOf(slot).running()?.identity.pid;
    if (app.serving !== slot.releaseId) {
      app.previous = app.serving;
      app.serving = slot.releaseId;
      slot.watchUntil = Date.now() + slot.timing.watchMs;
      setPhase(slot, "serving");
    }
    const smoke = await probe({
      port: context.proxyPort(),
      host,
      path: slot.healthPath,
      releaseId: slot.releaseId,
      timeoutMs: slot.timing.tryMs,
      masks: masksOf(slot),
    });
    const same = instanceOf(slot).running()?.identity.pid === pid;
    if (!same || !smoke.identified || smoke.status === null || smoke.status >= 300) {
      return takeBack(slot, [...evidence, line("switch", false, same ? `Through the proxy: ${smoke.message}.` : "The process ended right after the switch.")]);
    }
    evidence.push(line("switch", true, `http://${host}:${context.proxyPort()} leads to release ${slot.number}: ${smoke.message} with its id.`));
    const outcome = conclude(slot, "live", evidence);
    for (const old of app.slots) if (old !== slot && old.phase === "serving") void leave(old);
    void watch(slot);
    return outcome;
  }

  /** A release that did not pass the gate: it never had a request. */
  async function refuse(slot: Slot, evidence: Evidence[]): Promise<Outcome> {
    const ended = await instanceOf(slot).down();
    if (ended?.forced) evidence.push(line("process", false, `It ignored SIGTERM and was killed after ${slot.timing.graceMs / 1_000} s.`));
    await instanceOf(slot).logged();
    const still = findSlot(app, app.serving);
    if (still) evidence.push(line("rollback", true, `Release ${still.number} went on serving.`));
    slot.phase = "failed";
    return conclude(slot, still ? "rolled_back" : "failed", evidence);
  }

  /** A release that already took requests and must not: the previous one comes back. In turn with activations. */
  async function takeBack(slot: Slot, evidence: Evidence[]): Promise<Outcome> {
    const previous = findSlot(app, app.previous);
    slot.phase = "failed";
    slot.watchUntil = null;
    app.serving = previous?.releaseId ?? null;
    app.previous = null;
    const undrained = previous?.phase === "serving" && instanceOf(previous).running() !== null;
    if (previous && !undrained) previous.phase = "starting";
    slot.outcome = { status: previous ? "rolled_back" : "failed", evidence, serving: app.serving, logTail: readTail(slot.logFile, 8_000) };
    memory.commit();
    const [restored, ended] = await Promise.all([previous && !undrained ? restore(previous) : null, instanceOf(slot).down()]);
    if (ended?.forced) evidence.push(line("process", false, `It ignored SIGTERM and was killed after ${slot.timing.graceMs / 1_000} s.`));
    await instanceOf(slot).logged();
    if (previous) {
      const back = restored?.ok ?? true;
      evidence.push(
        line(
          "rollback",
          back,
          back
            ? `Release ${previous.number} serves again.`
            : `Release ${previous.number} could not be brought back: ${restored?.evidence.at(-1)?.message ?? ""}`,
        ),
      );
    }
    return conclude(slot, slot.outcome.status, evidence);
  }

  /** Starts a release that served before, on its own port, while its requests wait. */
  async function restore(slot: Slot): Promise<{ ok: boolean; evidence: Evidence[] }> {
    const instance = instanceOf(slot);
    if (instance.running() && slot.outcome !== null) {
      await instance.traffic.drain(RESTORE_DRAIN_MS);
      await instance.down();
    }
    const gate = await startAndGate(slot);
    setPhase(slot, gate.ok ? "serving" : "crashed");
    return gate;
  }

  async function leave(slot: Slot): Promise<void> {
    if (slot.phase !== "draining") setPhase(slot, "draining");
    const instance = instanceOf(slot);
    await instance.traffic.drain(slot.timing.drainMs);
    if (slot.phase !== "draining" || context.closing()) return;
    const report = await instance.down();
    if (report && (report.forced || !report.portClosed)) log.warn({ app: app.slug, release: slot.releaseId, ...report }, "release did not stop by itself");
    if (slot.phase !== "draining") return;
    slot.phase = "stopped";
    forgetOldest();
    memory.commit();
  }

  function forgetOldest(): void {
    const ended = app.slots.filter((slot) => (slot.phase === "stopped" || slot.phase === "failed") && slot.releaseId !== app.previous && slot.process === null);
    for (const slot of ended.slice(0, Math.max(0, ended.length - REMEMBERED))) {
      app.slots.splice(app.slots.indexOf(slot), 1);
      instances.delete(slot.releaseId);
      memory.launches.delete(slot.releaseId);
    }
  }

  function watched(slot: Slot): boolean {
    return slot.watchUntil !== null && Date.now() < slot.watchUntil && app.serving === slot.releaseId;
  }

  async function watch(slot: Slot): Promise<void> {
    let sick = 0;
    while (watched(slot)) {
      await sleep(Math.max(1, Math.min(slot.timing.watchEveryMs, (slot.watchUntil ?? 0) - Date.now())));
      if (!watched(slot) || context.closing()) break;
      if (app.previous === null || !instanceOf(slot).running()) continue;
      const seen = await probe({ port: slot.port, host, path: slot.healthPath, releaseId: slot.releaseId, timeoutMs: slot.timing.tryMs, masks: masksOf(slot) });
      sick = seen.identified && seen.status !== null && seen.status < 300 ? 0 : sick + 1;
      const complaint = sick >= SICK_ANSWERS ? `${SICK_ANSWERS} health checks in a row failed: ${seen.message}.` : instanceOf(slot).traffic.complaint();
      if (complaint !== null) await condemn(slot, complaint);
    }
    if (context.closing() || app.serving !== slot.releaseId || slot.watchUntil === null) return;
    slot.watchUntil = null;
    slot.outcome?.evidence.push(line("watch", true, `Nothing bad in the ${slot.timing.watchMs / 1_000} s after the switch.`));
    memory.commit();
  }

  /** Ends a watch badly. */
  function condemn(slot: Slot, complaint: string): Promise<void> {
    return inTurn(async () => {
      if (app.serving !== slot.releaseId || app.previous === null) return;
      await takeBack(slot, [...(slot.outcome?.evidence ?? []), line("watch", false, complaint)]);
    });
  }

  function onExit(slot: Slot, exit: Exit): void {
    if (context.closing() || slot.phase === "starting" || slot.phase === "failed" || slot.phase === "crashed") return;
    if (slot.phase === "draining" || app.serving !== slot.releaseId) {
      if (slot.phase === "serving") setPhase(slot, "stopped");
      return;
    }
    // its own activation is still in progress and sees the end itself
    if (slot.outcome === null) return;
    log.warn({ app: app.slug, release: slot.releaseId, ...exit }, "serving release ended");
    // while another activation holds the turn, requests would wait for it: restarting is quicker
    if (watched(slot) && app.previous !== null && !inTurn.busy()) void condemn(slot, `The process ${describeExit(exit)} within the watch.`);
    else void restart(slot);
  }

  /** Brings a dead serving release back by itself. */
  async function restart(slot: Slot, counted = true): Promise<void> {
    const now = Date.now();
    if (counted) slot.exits = [...slot.exits.filter((at) => now - at < CRASH_LOOP_MS), now];
    if (slot.exits.length >= CRASH_LOOP_EXITS) {
      log.error({ app: app.slug, release: slot.releaseId }, "release crashed too often, given up");
      return setPhase(slot, "crashed");
    }
    memory.commit();
    const { backoffMs, backoffMaxMs } = slot.timing;
    if (counted) await sleep(Math.min(backoffMs * 2 ** (slot.exits.length - 1), backoffMaxMs));
    const wanted = () => app.serving === slot.releaseId && slot.phase === "serving" && !context.closing();
    while (wanted() && !memory.launches.has(slot.releaseId)) await memory.changed(60_000);
    if (!wanted()) return;
    try {
      await instanceOf(slot).up();
      memory.touch();
    } catch (error) {
      log.error({ app: app.slug, release: slot.releaseId, error: String(error) }, "restart failed");
      await restart(slot);
    }
  }

  return {
    app,
    route() {
      const slot = findSlot(app, app.serving);
      if (!slot) {
        return app.slots.some((other) => other.phase === "starting")
          ? { kind: "waiting", words: `"${app.slug}" is being started.` }
          : { kind: "down", words: `"${app.slug}" is not deployed at the moment.` };
      }
      if (slot.phase === "crashed") return { kind: "down", words: `Release ${slot.number} of "${app.slug}" kept crashing and was given up. Its log says why.` };
      const instance = instanceOf(slot);
      if (slot.phase !== "serving" || !instance.running()) return { kind: "waiting", words: `"${app.slug}" is being restarted.` };
      const { begin, hold, report } = instance.traffic;
      return { kind: "ready", upstream: { releaseId: slot.releaseId, port: slot.port, begin, hold, report, draining: () => app.serving !== slot.releaseId } };
    },

    activate(request) {
      memory.launches.set(request.releaseId, request.launch);
      memory.touch();
      return inTurn(async () => {
        const known = findSlot(app, request.releaseId);
        if (known?.operation === request.operation) return known.outcome ?? finish(known, request.preface);
        if (known && app.serving === known.releaseId && known.phase === "serving") {
          return {
            status: "live",
            evidence: [...request.preface, line("switch", true, `Release ${known.number} serves already.`)],
            serving: app.serving,
            logTail: readTail(known.logFile, 8_000),
          };
        }
        if (known) {
          await instanceOf(known).down();
          app.slots.splice(app.slots.indexOf(known), 1);
          instances.delete(known.releaseId);
        }
        const { slug: _slug, projectId: _project, launch: _launch, preface, ...rest } = request;
        const slot: Slot = { ...rest, phase: "starting", process: null, outcome: null, watchUntil: null, exits: [] };
        app.slots.push(slot);
        memory.commit();
        return finish(slot, preface);
      });
    },

    undeploy: () =>
      inTurn(async () => {
        const leaving = app.slots.filter((slot) => slot.phase !== "stopped" && slot.phase !== "failed");
        app.serving = null;
        app.previous = null;
        for (const slot of leaving) slot.phase = "draining";
        memory.commit();
        await Promise.all(leaving.map(leave));
      }),

    async resume() {
      await Promise.all(app.slots.map((slot) => instanceOf(slot).adopt()));
      for (const slot of app.slots) {
        const serves = app.serving === slot.releaseId;
        if (slot.phase === "starting" || (slot.phase === "serving" && slot.outcome === null)) {
          void inTurn(async () => {
            if (serves && slot.phase === "starting") await restore(slot);
            else if (slot.outcome === null) await finish(slot, []);
          });
        } else if (slot.phase === "serving" && serves) {
          if (!instanceOf(slot).running()) void restart(slot, false);
          if (slot.watchUntil !== null) void watch(slot);
        } else if (slot.phase === "serving" || slot.phase === "draining") {
          // an activation that was not concluded still needs the one that served before it
          if (findSlot(app, app.serving)?.outcome !== null) void leave(slot);
        } else if (slot.process) void instanceOf(slot).down();
      }
    },

    async stopProcesses() {
      await Promise.all(app.slots.map((slot) => instanceOf(slot).down()));
    },
  };
}
