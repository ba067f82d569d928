import type { SandboxLevel } from "#ports/commands.ts";
import type { SandboxLimits, SandboxRequest } from "./sandbox.ts";
import type { InsideToolchain } from "./toolchain.ts";

/** What one rung of the ladder knows: how to turn a request into a command line. Everything else (spawn, limits, end) is common. */
export interface Confinement {
  level: SandboxLevel;
  toolchain: InsideToolchain;
  /** False where a program sees the machine's own paths. */
  movesPaths: boolean;
  /** Command line that confines `request`; `limits` are complete and `uid` is set only when Slipway is root. */
  wrap(request: SandboxRequest, environment: Readonly<Record<string, string>>, options: WrapOptions): string[];
}

export interface WrapOptions {
  limits: SandboxLimits;
  uid: number | null;
  /** RLIMIT_NPROC for the program, or null when it would count the wrong processes. */
  processes: number | null;
}
