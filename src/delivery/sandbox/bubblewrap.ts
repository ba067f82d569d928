import type { Confinement } from "./confinement.ts";
import { systemPlan, type PlanStep } from "./system-plan.ts";
import { INSIDE_START, START_BIND, tail } from "./tail.ts";
import { insideToolchain, type HostToolchain } from "./toolchain.ts";

/**
 * The same root directory built by bubblewrap. As root it makes no user namespace and keeps its capabilities until `setpriv` in the tail
 * has changed the uid and dropped them all; as anyone else it has none outside of its own namespace.
 */
export function bubblewrap(host: HostToolchain, program = "bwrap"): Confinement {
  const toolchain = insideToolchain(host);
  return {
    level: "bubblewrap",
    toolchain,
    movesPaths: true,
    wrap(request, environment, { limits, uid, processes }) {
      const plan = systemPlan({ ...request, binds: [START_BIND, ...request.binds] }, toolchain, uid ?? process.getuid?.() ?? 0, limits.temporaryBytes);
      return [
        program,
        ...(uid === null ? ["--unshare-user"] : []),
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        ...(request.network === "host" ? [] : ["--unshare-net"]),
        ...(request.dieWithParent === false ? [] : ["--die-with-parent"]),
        ...plan.flatMap((step) => [...parents(step), ...words(step)]),
        "--remount-ro",
        "/",
        "--chdir",
        "/",
        "--",
        ...tail(request, environment, { limits, uid, privileges: true, startScript: INSIDE_START, processes }),
      ];
    },
  };
}

/** Folders above a bound file, made by hand: bubblewrap's own would be closed to the uid that root drops to. */
function parents(step: PlanStep): string[] {
  if (step.kind !== "bind" && step.kind !== "link") return [];
  const parts = (step.kind === "bind" ? step.bind.target : step.path).split("/").slice(1, -1);
  // what lies below /usr or in a bind is there already
  if (parts[0] === "usr" || parts[0] === undefined) return [];
  return parts.flatMap((_, index) => ["--perms", "0755", "--dir", `/${parts.slice(0, index + 1).join("/")}`]);
}

function words(step: PlanStep): string[] {
  switch (step.kind) {
    case "bind":
      return [step.bind.mode === "ro" ? "--ro-bind" : "--bind", step.bind.source, step.bind.target];
    case "link":
      return ["--symlink", step.text, step.path];
    case "text":
      // bubblewrap takes the content of files from descriptors only; names of users are a courtesy that it goes without
      return [];
    case "temporary":
      return ["--perms", step.mode, "--size", String(step.bytes), "--tmpfs", step.path];
    case "dev":
      return ["--dev", "/dev"];
    case "proc":
      return ["--proc", "/proc"];
  }
}
