import { execFile } from "node:child_process";
import { access, realpath } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { SandboxBind } from "./sandbox.ts";

const execute = promisify(execFile);

/** Interpreters on this machine, as real files, with what else must be visible for them to start. */
export interface HostToolchain {
  node: string;
  /** The npm package beside a Node that is on the PATH; null when there is none. */
  npm: string | null;
  python: { executable: string; prefixes: string[] } | null;
}

const INSIDE_NODE = "/opt/node/bin/node";
const SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin";

/** Asks the interpreters themselves where they live: a `python3` on the PATH may be a shim or a virtual environment. */
export async function findToolchain(path: string | undefined): Promise<HostToolchain> {
  const [node, npm, python] = await Promise.all([realpath(process.execPath), findNpm(path), findPython(path)]);
  return { node, npm, python };
}

async function findNpm(path: string | undefined): Promise<string | null> {
  for (const directory of (path ?? "").split(delimiter).filter((entry) => entry.startsWith("/"))) {
    try {
      // …/npm/bin/npm-cli.js
      const script = await realpath(join(directory, "npm"));
      if (!script.endsWith("/npm/bin/npm-cli.js")) continue;
      return dirname(dirname(script));
    } catch {
      // not in this directory
    }
  }
  return null;
}

const WHERE_PYTHON = `import sys, os, json
assert sys.version_info >= (3, 8)
print(json.dumps([os.path.realpath(sys.executable), os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix)]))`;

async function findPython(path: string | undefined): Promise<HostToolchain["python"]> {
  for (const name of ["python3", "/usr/bin/python3", "/usr/local/bin/python3"]) {
    try {
      const { stdout } = await execute(name, ["-I", "-c", WHERE_PYTHON], {
        timeout: 20_000,
        env: { PATH: path ?? SYSTEM_PATH, HOME: process.env["HOME"] ?? "/" },
      });
      const found: unknown = JSON.parse(stdout);
      if (!Array.isArray(found) || !found.every((entry): entry is string => typeof entry === "string")) continue;
      const [executable = "", ...prefixes] = found;
      await access(executable);
      return { executable, prefixes: [...new Set(prefixes)].filter((prefix) => isPrivatePrefix(prefix)) };
    } catch {
      // absent, too old or broken: the next one
    }
  }
  return null;
}

/** A prefix that /usr does not already show, and that is deep enough not to be somebody's whole home or system. */
function isPrivatePrefix(prefix: string): boolean {
  return !prefix.startsWith("/usr/") && prefix !== "/usr" && prefix.split("/").length > 3;
}

export interface InsideToolchain {
  node: string;
  python: string | null;
  path: string;
  binds: SandboxBind[];
  /** Links to make: text, then where. */
  links: [string, string][];
}

/** Where the interpreters stand inside. Node moves to a fixed place; Python finds its library by its own path and keeps it. */
export function insideToolchain(host: HostToolchain): InsideToolchain {
  const binds: SandboxBind[] = [{ source: host.node, target: INSIDE_NODE, mode: "ro" }];
  const links: [string, string][] = [];
  if (host.npm !== null) {
    binds.push({ source: host.npm, target: "/opt/node/lib/node_modules/npm", mode: "ro" });
    links.push(["../lib/node_modules/npm/bin/npm-cli.js", "/opt/node/bin/npm"], ["../lib/node_modules/npm/bin/npx-cli.js", "/opt/node/bin/npx"]);
  }
  for (const prefix of host.python?.prefixes ?? []) binds.push({ source: prefix, target: prefix, mode: "ro" });
  const pythonPath = host.python === null ? [] : [dirname(host.python.executable)];
  const path = [...new Set([dirname(INSIDE_NODE), ...pythonPath, ...SYSTEM_PATH.split(":")])].join(":");
  return { node: INSIDE_NODE, python: host.python?.executable ?? null, path, binds, links };
}

/** The same interpreters where paths cannot be moved. */
export function outsideToolchain(host: HostToolchain): InsideToolchain {
  const directories = [dirname(host.node), ...(host.python === null ? [] : [dirname(host.python.executable)])];
  return {
    node: host.node,
    python: host.python?.executable ?? null,
    path: [...new Set([...directories, ...SYSTEM_PATH.split(":")])].join(":"),
    binds: [],
    links: [],
  };
}
