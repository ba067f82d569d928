import { fileURLToPath } from "node:url";
import type { Confinement } from "./confinement.ts";
import { systemPlan, type PlanStep } from "./system-plan.ts";
import { INSIDE_START, START_BIND, tail } from "./tail.ts";
import { insideToolchain, type HostToolchain } from "./toolchain.ts";

const ENTER = fileURLToPath(new URL("./enter.sh", import.meta.url));

/**
 * Linux without anything to install: unshare, mount, pivot_root, setpriv and prlimit of util-linux. Root needs no user namespace (so this
 * works where those are forbidden) and drops to an unprivileged uid after mounting; anyone else is root of a user namespace while mounting.
 */
export function namespaces(host: HostToolchain): Confinement {
  const toolchain = insideToolchain(host);
  return {
    level: "namespaces",
    toolchain,
    movesPaths: true,
    wrap(request, environment, { limits, uid, processes }) {
      const networked = request.network === "host";
      const plan = systemPlan({ ...request, binds: [START_BIND, ...request.binds] }, toolchain, uid ?? 0, limits.temporaryBytes);
      return [
        "unshare",
        ...(uid === null ? ["--user", "--map-root-user"] : []),
        "--mount",
        "--propagation=private",
        "--pid",
        "--fork",
        "--ipc",
        "--uts",
        ...(networked ? [] : ["--net"]),
        "--kill-child=SIGKILL",
        "--",
        "/bin/sh",
        ENTER,
        ...(networked ? [] : ["lo"]),
        ...plan.flatMap((step) => words(step)),
        "--",
        ...tail(request, environment, { limits, uid, privileges: true, startScript: INSIDE_START, processes }),
      ];
    },
  };
}

function words(step: PlanStep): string[] {
  switch (step.kind) {
    case "bind":
      return [step.bind.mode, step.bind.source, step.bind.target];
    case "link":
      return ["link", step.text, step.path];
    case "text":
      return ["text", step.text, step.path];
    case "temporary":
      return ["tmpfs", String(step.bytes), step.mode, step.path];
    case "dev":
    case "proc":
      return [step.kind];
  }
}
