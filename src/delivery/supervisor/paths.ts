import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { AppError } from "#errors";

/** Where the supervisor of a DATA_DIR keeps its things. */
export interface SupervisorPaths {
  dataDir: string;
  /** 0700; holds locks, state and log. */
  directory: string;
  stateFile: string;
  logFile: string;
  controlPath: string;
}

/** sun_path is 104 bytes on macOS, 108 on Linux, the closing NUL included. */
const SOCKET_PATH_LIMIT = 100;

/** Computes the paths. A DATA_DIR too long for a socket gets one in a private folder under /tmp. */
export function supervisorPaths(dataDir: string): SupervisorPaths {
  const directory = join(resolve(dataDir), "supervisor");
  const inside = join(directory, "control.sock");
  // not os.tmpdir(): the server and the supervisor may see different TMPDIRs
  const apart = `/tmp/slipway-${process.getuid?.() ?? 0}-${createHash("sha256").update(directory).digest("hex").slice(0, 16)}`;
  return {
    dataDir: resolve(dataDir),
    directory,
    stateFile: join(directory, "state.json"),
    logFile: join(directory, "supervisor.log"),
    controlPath: Buffer.byteLength(inside) <= SOCKET_PATH_LIMIT ? inside : join(apart, "control.sock"),
  };
}

/** Makes the folders, for this user only. @throws AppError `invalid_config` when somebody else stands in the way. */
export function makeSupervisorFolders(paths: SupervisorPaths): void {
  mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
  const folder = dirname(paths.controlPath);
  if (folder === paths.directory) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o077) !== 0) {
    throw new AppError("invalid_config", `${folder} must be a folder that only you can open. Remove it, or use a shorter DATA_DIR.`);
  }
}

/** Removes the socket, and the folder that was made for it alone. */
export function removeControlPath(paths: SupervisorPaths): void {
  rmSync(paths.controlPath, { force: true });
  if (dirname(paths.controlPath) === paths.directory) return;
  try {
    rmdirSync(dirname(paths.controlPath));
  } catch {
    // somebody else's by now, or gone
  }
}
