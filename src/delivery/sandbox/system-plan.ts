import { existsSync, lstatSync, readlinkSync } from "node:fs";
import type { InsideToolchain } from "./toolchain.ts";
import type { SandboxBind, SandboxRequest } from "./sandbox.ts";

/** One thing to put into the new root, in order: later steps lie over earlier ones. */
export type PlanStep =
  | { kind: "bind"; bind: SandboxBind }
  | { kind: "link"; text: string; path: string }
  | { kind: "text"; text: string; path: string }
  | { kind: "temporary"; bytes: number; mode: string; path: string }
  | { kind: "dev" }
  | { kind: "proc" };

/** The parts of /etc that programs read to start, and those that a program with network needs to find names and trust certificates. */
const ALWAYS = ["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/mime.types"];
const WITH_NETWORK = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/services", "/etc/gai.conf"];
const SYSTEM_DIRECTORIES = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"];

/** The whole file system that a program sees: system programs, interpreters, a small /etc, /proc, /dev, /tmp, then the request's binds. */
export function systemPlan(request: SandboxRequest, toolchain: InsideToolchain, uid: number, temporaryBytes: number): PlanStep[] {
  const networked = request.network === "host";
  const steps: PlanStep[] = [{ kind: "bind", bind: { source: "/usr", target: "/usr", mode: "ro" } }];
  for (const path of SYSTEM_DIRECTORIES) steps.push(...mirror(path));
  for (const path of [...ALWAYS, ...(networked ? WITH_NETWORK : [])]) steps.push(...readOnly(path));
  steps.push(
    { kind: "text", path: "/etc/passwd", text: `root:x:0:0:root:/tmp:/bin/sh\n${uid === 0 ? "" : `sandbox:x:${uid}:${uid}:sandbox:/tmp:/bin/sh\n`}` },
    { kind: "text", path: "/etc/group", text: `root:x:0:\n${uid === 0 ? "" : `sandbox:x:${uid}:\n`}` },
  );
  if (!networked) steps.push({ kind: "text", path: "/etc/hosts", text: "127.0.0.1 localhost\n::1 localhost\n" });
  steps.push({ kind: "dev" }, { kind: "proc" }, { kind: "temporary", bytes: temporaryBytes, mode: "1777", path: "/tmp" });
  for (const bind of toolchain.binds) steps.push({ kind: "bind", bind });
  for (const [text, path] of toolchain.links) steps.push({ kind: "link", text, path });
  for (const bind of request.binds) steps.push({ kind: "bind", bind });
  return steps;
}

/** A link stays a link (merged /usr), a directory is bound, an absent one is left out. */
function mirror(path: string): PlanStep[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (found.isSymbolicLink()) return [{ kind: "link", text: readlinkSync(path), path }];
  return [{ kind: "bind", bind: { source: path, target: path, mode: "ro" } }];
}

/** A link (resolv.conf, localtime) is followed by the bind itself; a dangling one is left out. */
function readOnly(path: string): PlanStep[] {
  return existsSync(path) ? [{ kind: "bind", bind: { source: path, target: path, mode: "ro" } }] : [];
}
