import type { SandboxLevel } from "#ports/commands.ts";
import type { ExitReason } from "#ports/commands.ts";

/**
 * The confinement that generated code runs in. A level is chosen once per process (`detect.ts`); everything above it speaks this
 * interface and cannot tell the levels apart, except through `inside()`.
 *
 * What holds at every level but `none`: no network unless asked for, the system read-only and reduced to what programs need to
 * start, a private /tmp, an environment of exactly the given names, limits, and an end that takes every process along.
 */
export interface Sandbox {
  readonly level: SandboxLevel;
  /** One line for a person: the level and how memory and processes are limited here. */
  readonly description: string;
  readonly toolchain: SandboxToolchain;
  /** Where a bind is seen by the confined program: its target, or its source at levels that cannot move paths. */
  inside(bind: SandboxBind): string;
  /**
   * The command to spawn, for processes that outlive a call (a supervised release). Spawn it with exactly `env` and with
   * `detached: true`, and signal the process group: TERM and INT reach the program, KILL ends everything. When `processes` or memory
   * must be watched, do it outside. Call `grant()` for every writable bind first. Throws `invalid_request` on an unusable name.
   */
  command(request: SandboxRequest): SandboxCommand;
  /** Gives the writable bind's files to the uid that `identity` runs under. Does nothing when Slipway is not root. Safe to repeat. */
  grant(path: string, identity: string): Promise<void>;
  /**
   * Runs a program to its end under the request's limits. Throws `test_infrastructure` when the sandbox itself could not be entered and
   * `disk_full` when there was no room to start; whatever the program does is a result.
   */
  run(request: SandboxRun): Promise<SandboxResult>;
}

/** The interpreters that programs find on their PATH, as seen inside. */
export interface SandboxToolchain {
  node: string;
  /** Null when this machine has no Python 3. */
  python: string | null;
  path: string;
}

export interface SandboxBind {
  /** Absolute path on this machine. */
  source: string;
  /** Absolute path inside. */
  target: string;
  mode: "ro" | "rw";
}

export interface SandboxLimits {
  /** CPU seconds per process; null for a server. */
  cpuSeconds: number | null;
  /** Memory of the whole group (run) and, four times as much, writable address space of each process. */
  memoryBytes: number;
  /** Threads and processes together. */
  processes: number;
  /** Largest file a process may write. */
  fileBytes: number;
  openFiles: number;
  /** Size of the private /tmp. */
  temporaryBytes: number;
}

export interface SandboxRequest {
  /** The program with its arguments, in inside paths. */
  argv: readonly string[];
  /** Inside path. */
  cwd: string;
  binds: readonly SandboxBind[];
  /** `host` shares the machine's network, for a program that must listen or call out. Default `none`. */
  network?: "none" | "host";
  /** All the environment there is, beside PATH, HOME, TMPDIR and LANG, which may be overridden. Values never show in a process list. */
  env?: Readonly<Record<string, string>>;
  limits?: Partial<SandboxLimits>;
  /** Programs of one identity share a uid when Slipway is root (for example the delivery's or project's id). */
  identity: string;
  /** Ends with the process that spawned it. Default true. */
  dieWithParent?: boolean;
}

export interface SandboxRun extends SandboxRequest {
  wallMs: number;
  /** stdout and stderr together; more ends the program. */
  outputBytes: number;
  /** What the writable binds may grow by; more ends the program. */
  diskBytes?: number;
  /** Text for standard input, which is then closed; without it standard input is empty. */
  stdin?: string;
  /** Gets every chunk of stdout and stderr in order of arrival. Must not throw. */
  onOutput?: (chunk: Buffer) => void;
  /** With it the program has a pipe at descriptor 4 whose bytes arrive here, at most `reportBytes` of them. */
  onReport?: (chunk: Buffer) => void;
  reportBytes?: number;
  signal?: AbortSignal;
}

export interface SandboxCommand {
  file: string;
  args: string[];
  env: Record<string, string>;
}

export interface SandboxResult {
  exitCode: number | null;
  /** Name of the signal that ended the program, as far as it is known. */
  signal: string | null;
  reason: Exclude<ExitReason, "infrastructure">;
  /** Which limit ended it, in words; null when it ended by itself. */
  limit: string | null;
  durationMs: number;
}

const mebibytes = (count: number): number => count * 1024 * 1024;

/** Enough for a test suite or a build of a small project, small enough that a few at once do not hurt a laptop. */
export const DEFAULT_LIMITS: SandboxLimits = {
  cpuSeconds: 300,
  memoryBytes: mebibytes(1_536),
  processes: 256,
  fileBytes: mebibytes(256),
  openFiles: 1_024,
  temporaryBytes: mebibytes(256),
};
