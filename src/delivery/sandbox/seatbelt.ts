import { homedir } from "node:os";
import { fileURLToPath } from "node:url";
import type { Confinement } from "./confinement.ts";
import type { SandboxRequest } from "./sandbox.ts";
import { outsideToolchain, type HostToolchain } from "./toolchain.ts";

const START = fileURLToPath(new URL("./start.sh", import.meta.url));

/**
 * macOS: `sandbox-exec` with a profile that denies by default. It cannot move paths or hide processes; it forbids reading home folders,
 * writing anywhere but the writable binds and a temporary folder, the network, and signalling others. Written from Apple's profile
 * language and not yet run on a Mac by us: `detect.ts` probes it before it is chosen.
 */
export function seatbelt(host: HostToolchain): Confinement {
  const toolchain = outsideToolchain(host);
  return {
    level: "sandbox-exec",
    toolchain,
    movesPaths: false,
    wrap: (request, environment, { limits }) => [
      "/usr/bin/sandbox-exec",
      "-p",
      seatbeltProfile(request, host),
      "/bin/sh",
      "-c",
      // macOS has no prlimit; the shell's own limits are inherited. Kilobytes are in blocks of 512 bytes for -f.
      `ulimit -c 0; ulimit -n ${limits.openFiles}; ulimit -f ${Math.ceil(limits.fileBytes / 512)}; ${limits.cpuSeconds === null ? "" : `ulimit -t ${limits.cpuSeconds}; `}exec "$@"`,
      "sandbox",
      "/bin/sh",
      START,
      request.cwd,
      ...Object.keys(environment),
      "--",
      ...request.argv,
    ],
  };
}

/** The profile for one request. Later rules win over earlier ones. */
function seatbeltProfile(request: SandboxRequest, host: HostToolchain): string {
  const quote = (path: string): string => `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  const readable = [host.node, ...(host.python?.prefixes ?? []), START, ...request.binds.map((bind) => bind.source)];
  const writable = request.binds.filter((bind) => bind.mode === "rw").map((bind) => bind.source);
  return [
    "(version 1)",
    "(deny default)",
    '(import "system.sb")',
    "(allow process-exec process-fork)",
    "(allow signal (target same-sandbox))",
    "(allow sysctl-read)",
    "(allow file-read-metadata)",
    '(allow file-read* (subpath "/usr") (subpath "/bin") (subpath "/sbin") (subpath "/System") (subpath "/Library") (subpath "/opt/homebrew") (subpath "/private/var/db/timezone"))',
    `(deny file-read* (subpath ${quote(homedir())}) (subpath "/private/etc/ssh"))`,
    ...readable.map((path) => `(allow file-read* (subpath ${quote(path)}) (literal ${quote(path)}))`),
    ...writable.map((path) => `(allow file-write* (subpath ${quote(path)}))`),
    '(allow file-write* (literal "/dev/null") (literal "/dev/zero"))',
    request.network === "host" ? "(allow network*)" : '(allow network* (local ip "localhost:*"))\n(deny network-outbound (remote ip "*:*"))',
  ].join("\n");
}
