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
      const texts = plan.flatMap((step) => (step.kind === "text" ? [step] : []));
      return [
        "/bin/sh",
        "-c",
        withTexts(texts.length),
        "sandbox",
        ...texts.map((step) => step.text),
        program,
        ...(uid === null ? ["--unshare-user"] : []),
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        ...(request.network === "host" ? [] : ["--unshare-net"]),
        ...(request.dieWithParent === false ? [] : ["--die-with-parent"]),
        ...plan.flatMap((step) => [...parents(step), ...(step.kind === "text" ? textWords(FIRST_TEXT + texts.indexOf(step), step.path) : words(step))]),
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

/** Descriptors from which bubblewrap takes the content of small files; 0 to 4 are taken, and a shell knows one digit only. */
const FIRST_TEXT = 5;

/** A shell line that opens its first `count` arguments as files on those descriptors and becomes the rest. */
function withTexts(count: number): string {
  const each = Array.from({ length: count }, (_, index) => index);
  const redirections = each.map((index) => `${FIRST_TEXT + index}<<TEXT${index}`).join(" ");
  const contents = each.map((index) => `$${index + 1}\nTEXT${index}\n`).join("");
  return `exec ${redirections}\n${contents}shift ${count}; exec "$@"`;
}

const textWords = (descriptor: number, path: string): string[] => ["--perms", "0644", "--ro-bind-data", String(descriptor), path];

/** Folders above a bound file, made by hand: bubblewrap's own would be closed to the uid that root drops to. */
function parents(step: PlanStep): string[] {
  if (step.kind === "dev" || step.kind === "proc" || step.kind === "temporary") return [];
  const parts = (step.kind === "bind" ? step.bind.target : step.path).split("/").slice(1, -1);
  // what lies below /usr or in a bind is there already
  if (parts[0] === "usr" || parts[0] === undefined) return [];
  return parts.flatMap((_, index) => ["--perms", "0755", "--dir", `/${parts.slice(0, index + 1).join("/")}`]);
}

function words(step: Exclude<PlanStep, { kind: "text" }>): string[] {
  switch (step.kind) {
    case "bind":
      return [step.bind.mode === "ro" ? "--ro-bind" : "--bind", step.bind.source, step.bind.target];
    case "link":
      return ["--symlink", step.text, step.path];
    case "temporary":
      return ["--perms", step.mode, "--size", String(step.bytes), "--tmpfs", step.path];
    case "dev":
      return ["--dev", "/dev"];
    case "proc":
      return ["--proc", "/proc"];
  }
}
