import { spawnSync } from "node:child_process";
import { chmodSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "#errors";
import type { Binaries } from "./embedded-binaries.ts";

/**
 * PostgreSQL refuses to run as root. Three forms, the first that works:
 *   self       we are not root
 *   namespace  root in a user namespace that shows it as uid 65534: files stay root's, so DATA_DIR stays 0700 and binaries below
 *              /root are reachable
 *   nobody     uid 65534 for real (containers without user namespaces): DATA_DIR gets o+x so that it can be crossed, not listed;
 *              what lies in it keeps its own modes
 */
export interface Account {
  readonly form: "self" | "namespace" | "nobody";
  /** Owner of the data folder. */
  readonly uid: number;
  readonly gid: number;
  /** How to start a program of PostgreSQL. */
  wrap(program: string, args: readonly string[]): { command: string; args: string[]; options: { uid?: number; gid?: number } };
}

export const NOBODY = 65_534;
/** Nothing of our environment (keys!) reaches the server. */
export const SERVER_ENVIRONMENT = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/** @throws AppError `invalid_config` when we are root and no form works. */
export function chooseAccount(binaries: Binaries, home: string, userNamespaces = true): Account {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  if (uid !== 0) return { form: "self", uid, gid, wrap: (program, args) => ({ command: program, args: [...args], options: {} }) };

  const namespace: Account = {
    form: "namespace",
    uid,
    gid,
    wrap: (program, args) => ({ command: "unshare", args: ["--user", `--map-user=${NOBODY}`, "--", program, ...args], options: {} }),
  };
  if (userNamespaces && runs(namespace, binaries.postgres, ["--version"])) return namespace;

  const nobody: Account = {
    form: "nobody",
    uid: NOBODY,
    gid: NOBODY,
    wrap: (program, args) => ({ command: program, args: [...args], options: { uid: NOBODY, gid: NOBODY } }),
  };
  for (const folder of [home, dirname(home)]) chmodSync(folder, (statSync(folder).mode & 0o7777) | 0o011);
  if (!runs(nobody, binaries.postgres, ["--version"])) throw unreachable(binaries.postgres);
  if (!runs(nobody, "/bin/sh", ["-c", 'cd "$0"', home])) throw unreachable(home);
  return nobody;
}

function runs(account: Account, program: string, args: string[]): boolean {
  const { command, args: all, options } = account.wrap(program, args);
  return spawnSync(command, all, { ...options, env: SERVER_ENVIRONMENT, cwd: "/", stdio: "ignore" }).status === 0;
}

function unreachable(path: string): AppError {
  return new AppError(
    "invalid_config",
    `PostgreSQL does not run as root; it runs as uid ${NOBODY} instead, which cannot reach ${path}. Start Slipway as an ordinary user, put it where other users may pass (not below /root), or set DATABASE_URL.`,
  );
}
