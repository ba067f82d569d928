import { platform } from "node:os";
import { AppError, isAppError } from "#errors";
import type { SandboxLevel } from "#ports/commands.ts";
import { bubblewrap } from "./bubblewrap.ts";
import { findCgroupRoot } from "./cgroup.ts";
import type { Confinement } from "./confinement.ts";
import { createSandbox } from "./create-sandbox.ts";
import { namespaces } from "./namespaces.ts";
import type { Sandbox } from "./sandbox.ts";
import { seatbelt } from "./seatbelt.ts";
import { findToolchain, type HostToolchain } from "./toolchain.ts";
import { unconfined } from "./unconfined.ts";

export interface DetectOptions {
  /** Accept running generated code without confinement when nothing better works. */
  allowUnsandboxed: boolean;
  /** Rungs to try, strongest first; for tests. */
  levels?: readonly SandboxLevel[];
  /** The PATH on which interpreters are looked for; default the process's. */
  path?: string | undefined;
  /** Do not use control groups even where they can be made; for tests of the watchdog. */
  withoutCgroups?: boolean;
  /** The bubblewrap program; for tests. */
  bubblewrapProgram?: string;
}

const LADDER: readonly SandboxLevel[] = ["bubblewrap", "namespaces", "sandbox-exec"];

/**
 * Climbs down the ladder and answers with the first level in which a program really runs here: a probe starts Node inside, sees that nothing of
 * the outside is visible and that 127.0.0.1 can be listened on. Throws `sandbox_unavailable` saying what to install or allow.
 */
export async function detectSandbox(options: DetectOptions): Promise<Sandbox> {
  const host = await findToolchain(options.path ?? process.env["PATH"]);
  const cgroups = options.withoutCgroups === true ? null : findCgroupRoot();
  const refused: string[] = [];
  for (const level of options.levels ?? LADDER) {
    const confinement = rung(level, host, options);
    if (confinement === null) continue;
    const sandbox = createSandbox({ confinement, cgroups });
    const problem = await probe(sandbox);
    if (problem === null) return sandbox;
    refused.push(`  ${level}: ${problem}`);
  }
  if (options.allowUnsandboxed) return createSandbox({ confinement: unconfined(host), cgroups });
  throw new AppError("sandbox_unavailable", `${ADVICE[platform()] ?? ADVICE["linux"]}\nTried:\n${refused.join("\n") || "  nothing fits this system"}`, {
    details: { refused },
  });
}

function rung(level: SandboxLevel, host: HostToolchain, options: DetectOptions): Confinement | null {
  if (level === "none") return options.allowUnsandboxed ? unconfined(host) : null;
  if (platform() === "darwin") return level === "sandbox-exec" ? seatbelt(host) : null;
  if (platform() !== "linux") return null;
  if (level === "bubblewrap") return bubblewrap(host, options.bubblewrapProgram);
  return level === "namespaces" ? namespaces(host) : null;
}

const ADVICE: Record<string, string> = {
  linux: [
    "Generated code must be confined, and this machine offers no way that works. One of these helps:",
    "  - install bubblewrap (apt install bubblewrap, dnf install bubblewrap)",
    "  - allow user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu, or --security-opt seccomp=unconfined in Docker",
    "  - install util-linux (unshare, mount, setpriv, prlimit) where it is missing",
    "  - ALLOW_UNSANDBOXED=true, only where the machine itself may be thrown away",
  ].join("\n"),
  darwin:
    "Generated code must be confined, and sandbox-exec does not work here. ALLOW_UNSANDBOXED=true runs it without, only where the machine itself may be thrown away.",
};

const PROBE = `const net=require("node:net");const server=net.createServer();
server.on("error",(error)=>{console.log("no loopback: "+error.message);process.exit(3)});
server.listen(0,"127.0.0.1",()=>{console.log("probe-ok");server.close()});`;

/** Null when a program runs inside, else why not. */
async function probe(sandbox: Sandbox): Promise<string | null> {
  let said = "";
  try {
    const result = await sandbox.run({
      argv: [sandbox.toolchain.node, "-e", PROBE],
      cwd: "/",
      binds: [],
      identity: "probe",
      wallMs: 30_000,
      outputBytes: 10_000,
      onOutput: (chunk) => (said += chunk.toString("utf8")),
    });
    return said.includes("probe-ok") ? null : `the probe ended with ${result.exitCode ?? result.reason}: ${said.trim().slice(0, 300)}`;
  } catch (error) {
    return isAppError(error) ? error.message.slice(0, 300) : String(error);
  }
}
