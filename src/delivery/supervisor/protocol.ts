/** What the server and the supervisor say to each other over the control socket, and what the supervisor remembers. */
import { z } from "zod";

/** Raised when an older supervisor cannot understand a newer server: it is then replaced while its apps go on. */
export const PROTOCOL = 1;

export const Evidence = z.object({
  phase: z.enum(["process", "port", "answer", "identity", "switch", "watch", "rollback"]),
  ok: z.boolean(),
  message: z.string(),
});
export type Evidence = z.infer<typeof Evidence>;

/** All in milliseconds unless named otherwise. */
export const Timing = z.object({
  /** How long a new release may take to pass the gate. */
  gateMs: z.number().positive().default(30_000),
  /** How long a bad but definite sign may last: wrong answers, or a stranger on the port. A release that is starting shows neither. */
  badSignMs: z.number().positive().default(30_000),
  /** How long one health request may take. */
  tryMs: z.number().positive().default(5_000),
  /** Pause between two health requests. */
  pauseMs: z.number().positive().default(100),
  /** Good answers in a row that open the gate. */
  successes: z.number().int().min(1).default(2),
  /** For so long after the switch a crash or a sick answer brings the previous release back. */
  watchMs: z.number().nonnegative().default(30_000),
  /** Between two looks of the watch. */
  watchEveryMs: z.number().positive().default(2_000),
  /** Requests in flight on the old release may take so long. */
  drainMs: z.number().nonnegative().default(30_000),
  /** From SIGTERM to SIGKILL. */
  graceMs: z.number().nonnegative().default(10_000),
  /** First pause before a crashed process is started again; doubles up to `backoffMaxMs`. */
  backoffMs: z.number().positive().default(500),
  backoffMaxMs: z.number().positive().default(30_000),
});
export type Timing = z.infer<typeof Timing>;

/**
 * How to start a release. Kept in the supervisor's memory only: it holds secret values. A supervisor that was killed gets it again
 * from the server that starts its successor, so nothing of it is ever written to disk.
 */
export const Launch = z.object({
  file: z.string(),
  args: z.array(z.string()),
  cwd: z.string(),
  environment: z.record(z.string(), z.string()),
  /** Texts to hide in the log: every form of every secret value. */
  masks: z.array(z.string()),
});
export type Launch = z.infer<typeof Launch>;

export const Identity = z.object({ pid: z.number().int(), started: z.string() });

export const Outcome = z.object({
  status: z.enum(["live", "rolled_back", "failed"]),
  evidence: z.array(Evidence),
  /** Release that served when this was written. */
  serving: z.string().nullable(),
  logTail: z.string(),
});
export type Outcome = z.infer<typeof Outcome>;

/**
 * `starting`: in the gate (or, when it is the app's serving release, coming back after a rollback). `serving`: routed to, restarted when
 * it dies. `draining`: finishing its requests. `stopped`: served and ended well. `failed`: refused by the gate or taken back.
 * `crashed`: the serving release, given up after five exits in a minute.
 */
export const Slot = z.object({
  releaseId: z.string(),
  number: z.number().int(),
  sha: z.string(),
  port: z.number().int(),
  healthPath: z.string(),
  logFile: z.string(),
  phase: z.enum(["starting", "serving", "draining", "stopped", "failed", "crashed"]),
  process: Identity.nullable(),
  /** The activation that it stands for; the same one again is joined or answered from `outcome`. */
  operation: z.string(),
  outcome: Outcome.nullable(),
  /** Epoch milliseconds. */
  watchUntil: z.number().nullable(),
  /** Epoch milliseconds of the last exits. */
  exits: z.array(z.number()),
  timing: Timing,
});
export type Slot = z.infer<typeof Slot>;

export const App = z.object({
  slug: z.string(),
  projectId: z.string(),
  /** Release that requests go to. */
  serving: z.string().nullable(),
  /** Release to go back to while the serving one is watched. */
  previous: z.string().nullable(),
  slots: z.array(Slot),
});
export type App = z.infer<typeof App>;

export const State = z.object({
  protocol: z.number(),
  proxyPort: z.number().nullable(),
  /** Counts every change. */
  revision: z.number().int(),
  apps: z.array(App),
});
export type State = z.infer<typeof State>;

/** State plus who answers. `launches` lists releases that the supervisor knows how to start. */
export const Status = State.extend({ pid: z.number().int(), launches: z.array(z.string()) });
export type Status = z.infer<typeof Status>;

export const Activate = z.object({
  slug: z.string(),
  projectId: z.string(),
  releaseId: z.string(),
  number: z.number().int(),
  sha: z.string(),
  port: z.number().int(),
  healthPath: z.string(),
  logFile: z.string(),
  operation: z.string(),
  timing: Timing,
  launch: Launch,
  /** Lines that stand before the gate's own, for example why a rollback was asked for. */
  preface: z.array(Evidence).default([]),
});
export type Activate = z.infer<typeof Activate>;

export const Feed = z.object({ launches: z.record(z.string(), Launch) });
export type Feed = z.infer<typeof Feed>;

export const Undeploy = z.object({ slug: z.string() });
/** `apps`: `stop` ends every app first; `keep` leaves them running for the next supervisor. */
export const Shutdown = z.object({ apps: z.enum(["stop", "keep"]) });
