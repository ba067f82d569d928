import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
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

/** Computes the paths and makes the directories. A DATA_DIR too long for a socket gets one in a private folder under /tmp. */
export function supervisorPaths(dataDir: string): SupervisorPaths {
  const directory = join(resolve(dataDir), "supervisor");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const inside = join(directory, "control.sock");
  return {
    dataDir: resolve(dataDir),
    directory,
    stateFile: join(directory, "state.json"),
    logFile: join(directory, "supervisor.log"),
    controlPath: Buffer.byteLength(inside) <= SOCKET_PATH_LIMIT ? inside : join(privateFolder(realpathSync(directory)), "control.sock"),
  };
}

function privateFolder(directory: string): string {
  const uid = process.getuid?.() ?? 0;
  // not os.tmpdir(): the server and the supervisor may see different TMPDIRs
  const folder = `/tmp/slipway-${uid}-${createHash("sha256").update(directory).digest("hex").slice(0, 16)}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o077) !== 0) {
    throw new AppError("invalid_config", `${folder} must be a folder that only you can open. Remove it, or use a shorter DATA_DIR.`);
  }
  return folder;
}
