import { fileURLToPath } from "node:url";
import { AppError } from "#errors";
import type { SandboxLimits, SandboxRequest } from "./sandbox.ts";

const START = fileURLToPath(new URL("./start.sh", import.meta.url));

/** Where `start.sh` is seen inside, at levels that move paths. */
export const INSIDE_START = "/opt/slipway/start.sh";
export const START_BIND = { source: START, target: INSIDE_START, mode: "ro" } as const;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The environment of a program: a fixed base and what the request adds. */
export function programEnvironment(request: SandboxRequest, path: string): Record<string, string> {
  return { PATH: path, HOME: "/tmp", TMPDIR: "/tmp", LANG: "C.UTF-8", ...request.env };
}

/** What the confining tools are spawned with: their own PATH, and the program's environment under names that mean nothing to them. */
export function outerEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  const outer: Record<string, string> = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
  for (const [name, value] of Object.entries(environment)) {
    if (!NAME.test(name)) throw new AppError("invalid_request", `"${name}" cannot be the name of an environment variable.`);
    if (value.includes("\0")) throw new AppError("invalid_request", `The value of ${name} holds a NUL character.`);
    outer[`SLIPWAY_ENV_${name}`] = value;
  }
  return outer;
}

export interface TailOptions {
  limits: SandboxLimits;
  /** Change to this uid first (when the process is root). */
  uid: number | null;
  /** Drop capabilities and forbid regaining them; false only where setpriv is missing on purpose. */
  privileges: boolean;
  startScript: string;
  /** Null: leave the count of processes to a cgroup or to nobody. */
  processes: number | null;
}

/**
 * From the inside of a namespace to the program: privileges dropped for good, limits set, environment put on, directory entered.
 * TERM, INT and HUP are given back: the wrapper around all this ignores them, so that only the program hears them.
 */
export function tail(request: SandboxRequest, environment: Readonly<Record<string, string>>, options: TailOptions): string[] {
  const { limits, uid } = options;
  const drop = [
    "setpriv",
    ...(uid === null ? [] : [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"]),
    "--inh-caps=-all",
    "--bounding-set=-all",
    "--no-new-privs",
  ];
  const limit = [
    "prlimit",
    ...(limits.cpuSeconds === null ? [] : [`--cpu=${limits.cpuSeconds}:${limits.cpuSeconds + 2}`]),
    ...(options.processes === null ? [] : [`--nproc=${options.processes}`]),
    `--fsize=${limits.fileBytes}`,
    `--nofile=${limits.openFiles}`,
    // a backstop only: Node reserves address space freely, so the group's real memory is limited by cgroup or watchdog
    `--data=${limits.memoryBytes * 4}`,
    "--core=0",
  ];
  return [
    ...(options.privileges ? [...drop, "--"] : []),
    ...limit,
    "--",
    "env",
    "--default-signal=TERM,INT,HUP",
    "/bin/sh",
    options.startScript,
    request.cwd,
    ...Object.keys(environment),
    "--",
    ...request.argv,
  ];
}
