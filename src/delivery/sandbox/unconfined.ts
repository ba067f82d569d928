import { fileURLToPath } from "node:url";
import type { Confinement } from "./confinement.ts";
import { outsideToolchain, type HostToolchain } from "./toolchain.ts";

const START = fileURLToPath(new URL("./start.sh", import.meta.url));

/**
 * ALLOW_UNSANDBOXED: no confinement at all, for a machine that is itself a sandbox (a throw-away container). Time, memory, disk and
 * output are still watched from outside and the environment is still only what was given.
 */
export function unconfined(host: HostToolchain): Confinement {
  const toolchain = outsideToolchain(host);
  return {
    level: "none",
    toolchain,
    movesPaths: false,
    wrap: (request, environment) => ["/bin/sh", START, request.cwd, ...Object.keys(environment), "--", ...request.argv],
  };
}
