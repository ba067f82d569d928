import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "#errors";
import { chooseAccount, NOBODY, SERVER_ENVIRONMENT, type Account } from "./embedded-account.ts";
import { findBinaries, type Binaries } from "./embedded-binaries.ts";
import { explainStart } from "./embedded-failures.ts";
import { makeFolder } from "./make-folder.ts";

/** The user and the database of the embedded server; access is the socket's directory, so there is no password. */
export const EMBEDDED_NAME = "slipway";
const PORT = 5432;
const SOCKET_FILE = `.s.PGSQL.${PORT}`;
/** sockaddr_un holds 103 bytes on macOS, 107 on Linux. */
const LONGEST_SOCKET_PATH = 90;

/** One data folder and how to serve it. Several processes hold equal values for one DATA_DIR. */
export interface Cluster {
  readonly binaries: Binaries;
  readonly account: Account;
  readonly home: string;
  readonly data: string;
  readonly socket: string;
  readonly logFile: string;
  readonly settings: readonly string[];
}

/** A server process that we started; it outlives us. */
export interface StartedServer {
  /** Tells it to end once nobody is connected. */
  stop(): void;
  /** Null while it runs; afterwards why it ended. `ended`: nothing is wrong with it, somebody stopped or killed it. */
  failure(): AppError | "lock file" | "ended" | null;
}

/**
 * Prepares the folders. @throws AppError `invalid_config` (unwritable, or foreign hands in it), `disk_full`.
 */
export function prepareCluster(dataDir: string, settings: readonly string[] = [], userNamespaces = true): Cluster {
  const binaries = findBinaries();
  try {
    makeFolder(dataDir);
    const home = join(realpathSync(dataDir), "postgres");
    makeFolder(home);
    const account = chooseAccount(binaries, home, userNamespaces);
    const socket = prepareSocketFolder(home, account);
    return { binaries, account, home, data: join(home, "data"), socket, logFile: join(home, "server.log"), settings };
  } catch (cause) {
    throw explainStart(cause, dataDir);
  }
}

function prepareSocketFolder(home: string, account: Account): string {
  const near = join(home, "run");
  const far = join(tmpdir(), `slipway-${createHash("sha256").update(home).digest("hex").slice(0, 16)}`);
  const folder = Buffer.byteLength(join(near, SOCKET_FILE)) <= LONGEST_SOCKET_PATH ? near : far;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  // the temporary folder is everybody's: somebody else may have put a directory or a link of that name there
  const own = [process.getuid?.() ?? 0, account.uid, ...(process.getuid?.() === 0 ? [NOBODY] : [])].includes(found.uid);
  if (!found.isDirectory() || !own || (found.mode & 0o077) !== 0) {
    throw new AppError("invalid_config", `${folder} must be a directory that only you can enter (mode 0700). Remove it and start again.`);
  }
  if (found.uid !== account.uid) chownSync(folder, account.uid, account.gid);
  return folder;
}

/** Address of a database of this cluster. */
export function clusterUrl(cluster: Cluster, database: string): string {
  return `postgres://${EMBEDDED_NAME}@localhost:${PORT}/${database}?host=${encodeURIComponent(cluster.socket)}`;
}

/** Starts the server, making the data folder first where there is none. Returns at once; connecting tells when it is up. */
export function startServer(cluster: Cluster): StartedServer {
  try {
    if (!existsSync(join(cluster.data, "PG_VERSION"))) createData(cluster);
    takeOwnership(cluster);
  } catch (cause) {
    throw explainStart(cause, cluster.home);
  }
  const log = openSync(cluster.logFile, "a", 0o600);
  const offset = fstatSync(log).size;
  const settings = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "timezone=UTC",
    "max_wal_size=256MB",
    "jit=off",
    "max_parallel_workers_per_gather=0",
    ...cluster.settings,
  ];
  const { command, args, options } = cluster.account.wrap(cluster.binaries.postgres, [
    "-D",
    cluster.data,
    "-k",
    cluster.socket,
    "-p",
    String(PORT),
    ...settings.flatMap((setting) => ["-c", setting]),
  ]);
  // a session of its own: Ctrl-C in our terminal must not stop a server that others use
  const child = spawn(command, args, { ...options, env: SERVER_ENVIRONMENT, cwd: "/", detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  let failure: AppError | "lock file" | "ended" | null = null;
  const fail = (reason: string) => {
    const written = readFileSync(cluster.logFile).subarray(offset).toString("utf8");
    failure = /lock file ".*" already exists/.test(written) ? "lock file" : explainStart(new Error(written.trim() || reason), cluster.home);
  };
  child.once("error", (error) => fail(error.message));
  child.once("exit", (code, signal) => {
    // 0: told to stop, by another process that came between our start and our first question, and was the last one to leave
    if (code === 0 || signal === "SIGKILL") failure = "ended";
    else fail(`postgres ended with ${signal ?? code}`);
  });
  child.unref();
  // SIGTERM is PostgreSQL's smart shutdown: another process that got in is not thrown out
  return { stop: () => void child.kill("SIGTERM"), failure: () => failure };
}

/** Made beside and renamed, so that a data folder is either whole or absent, also when two processes make it at once. */
function createData(cluster: Cluster): void {
  for (const name of readdirSync(cluster.home)) {
    const [prefix, pid] = name.split("-");
    if (prefix === "new" && pid && !isRunning(Number(pid))) rmSync(join(cluster.home, name), { recursive: true, force: true });
  }
  const fresh = join(cluster.home, `new-${process.pid}-${randomBytes(4).toString("hex")}`);
  mkdirSync(fresh, { mode: 0o700 });
  try {
    chownSync(fresh, cluster.account.uid, cluster.account.gid);
    const { command, args, options } = cluster.account.wrap(cluster.binaries.initdb, [
      "-D",
      fresh,
      "-U",
      EMBEDDED_NAME,
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--locale=C",
      "--no-sync",
      "--no-instructions",
    ]);
    execFileSync(command, args, { ...options, env: SERVER_ENVIRONMENT, cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
    if (existsSync(cluster.data)) return;
    renameSync(fresh, cluster.data);
  } catch (error) {
    if (!existsSync(join(cluster.data, "PG_VERSION"))) throw error;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** The form of running (see `embedded-account.ts`) may differ from the last time. */
function takeOwnership(cluster: Cluster): void {
  const { uid, gid } = cluster.account;
  if (statSync(cluster.data).uid === uid) return;
  chownSync(cluster.data, uid, gid);
  for (const entry of readdirSync(cluster.data, { recursive: true, encoding: "utf8" })) chownSync(join(cluster.data, entry), uid, gid);
}

/** Pid of the postmaster by its own file; null where there is none. */
export function postmasterPid(cluster: Cluster): number | null {
  try {
    const pid = Number(readFileSync(join(cluster.data, "postmaster.pid"), "utf8").split("\n")[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

/** True when that pid is a PostgreSQL over this data folder. Pids are used again, after a reboot of a container almost certainly. */
export function isPostmaster(cluster: Cluster, pid: number): boolean {
  return isRunning(pid) && commandOf(pid).includes("postgres") && commandOf(pid).includes(cluster.data);
}

/** Removes a postmaster.pid whose process is something else: PostgreSQL itself only looks whether the pid is alive. */
export function removeStaleLock(cluster: Cluster): void {
  const pid = postmasterPid(cluster);
  if (pid === null || isPostmaster(cluster, pid)) return;
  for (const file of [join(cluster.data, "postmaster.pid"), join(cluster.socket, `${SOCKET_FILE}.lock`)]) rmSync(file, { force: true });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function commandOf(pid: number): string {
  try {
    if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return execFileSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return "";
  }
}
