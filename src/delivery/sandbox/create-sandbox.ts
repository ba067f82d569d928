import { release } from "node:os";
import { createCgroup, type CgroupRoot } from "./cgroup.ts";
import { runConfined } from "./confined-run.ts";
import type { Confinement } from "./confinement.ts";
import { requireDiskSpace } from "./disk.ts";
import { grantTo, isRoot, uidOf } from "./identity.ts";
import { DEFAULT_LIMITS, type Sandbox, type SandboxCommand, type SandboxLimits, type SandboxRequest } from "./sandbox.ts";
import { outerEnvironment, programEnvironment } from "./tail.ts";

/** Joins the run's control groups, ignores the polite signals (the program gets them itself), then becomes the confining tool. */
const OUTER = `while [ "$1" != "--" ]; do echo $$ > "$1" || exit 125; shift; done; shift; trap '' TERM INT HUP; exec "$@"`;

/** Makes one rung of the ladder usable: limits, uids, control groups, command lines and their runs. */
export function createSandbox({ confinement, cgroups }: { confinement: Confinement; cgroups: CgroupRoot | null }): Sandbox {
  const { level, toolchain, movesPaths } = confinement;
  let runs = 0;

  const build = (request: SandboxRequest, limits: SandboxLimits, joins: readonly string[]): SandboxCommand => {
    const environment = programEnvironment(request, toolchain.path);
    const wrapped = confinement.wrap(request, environment, { limits, uid: uidOf(request.identity), processes: countsOwnProcesses() ? limits.processes : null });
    const watched = level === "namespaces" && request.dieWithParent !== false ? ["setpriv", "--pdeathsig=KILL", "--", ...wrapped] : wrapped;
    return { file: "/bin/sh", args: ["-c", OUTER, "sandbox", ...joins, "--", ...watched], env: outerEnvironment(environment) };
  };

  return {
    level,
    description: describe(level, cgroups !== null),
    toolchain: { node: toolchain.node, python: toolchain.python, path: toolchain.path },
    inside: (bind) => (movesPaths ? bind.target : bind.source),
    command: (request) => build(request, { ...DEFAULT_LIMITS, ...request.limits }, []),
    grant: (path, identity) => (level === "none" || level === "sandbox-exec" ? Promise.resolve() : grantTo(path, identity)),
    async run(request) {
      const limits = { ...DEFAULT_LIMITS, ...request.limits };
      for (const bind of request.binds) {
        if (bind.mode !== "rw") continue;
        await requireDiskSpace(bind.source);
        await this.grant(bind.source, request.identity);
      }
      const cgroup = cgroups === null ? null : createCgroup(cgroups, `${process.pid}-${++runs}`, limits);
      const command = build(request, limits, cgroup?.joins ?? []);
      return runConfined({ request, command, cgroup, ownsProcesses: movesPaths, memoryBytes: limits.memoryBytes, processes: limits.processes });
    },
  };
}

/**
 * RLIMIT_NPROC counts per uid: a uid of the sandbox's own is ours alone, and since Linux 5.14 so is a user namespace. Before that a normal
 * user's whole desktop would be counted, and the watchdog has to do.
 */
function countsOwnProcesses(): boolean {
  if (process.platform !== "linux") return false;
  if (isRoot()) return true;
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major > 5 || (major === 5 && minor >= 14);
}

function describe(level: Sandbox["level"], grouped: boolean): string {
  const memory = grouped ? "memory and processes limited by control groups" : "memory watched every 100 ms";
  switch (level) {
    case "bubblewrap":
      return `bubblewrap; ${memory}`;
    case "namespaces":
      return `Linux namespaces (util-linux); ${memory}`;
    case "sandbox-exec":
      return "macOS sandbox-exec; time and output limited";
    default:
      return "none: generated code runs with your rights (ALLOW_UNSANDBOXED)";
  }
}
