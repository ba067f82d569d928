/**
 * Starting a process so that no kill of the supervisor can leave one that nobody knows.
 *
 * The child is first a shell that waits for one line on descriptor 3. Its pid is written into the state file, and only then it is told
 * to go and becomes the app (exec keeps pid and start time). A supervisor that dies before the line closes the descriptor, and the shell
 * ends without having done anything; one that dies after it is remembered in the file.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { AppError } from "#errors";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";
import type { Launch } from "./protocol.ts";

export interface Exit {
  /** Null when a signal ended it, or when it was adopted and nobody knows. */
  code: number | null;
  signal: string | null;
}

/** A process of ours or one that was taken over. */
export interface Running {
  identity: ProcessIdentity;
  /** Settles once it is gone; never rejects. */
  exited: Promise<Exit>;
  gone(): boolean;
  /** Settles once everything that it printed is in the log. */
  logged: Promise<void>;
}

const WAIT_THEN_EXEC = 'IFS= read -r go <&3 || exit 125; exec 3<&-; exec "$@"';
const KEEPER = fileURLToPath(new URL("./log-keeper.ts", import.meta.url));
const ADOPTED_POLL_MS = 200;

/** Starts a release in a process group of its own. `remember` must have written the identity durably when it returns. */
export async function launchProcess(launch: Launch, logFile: string, remember: (identity: ProcessIdentity) => void): Promise<Running> {
  const keeper = spawn(process.execPath, [KEEPER, logFile], { detached: true, cwd: "/", env: {}, stdio: ["pipe", "ignore", "ignore", "pipe"] });
  const logged = new Promise<void>((resolve) => {
    keeper.once("exit", () => resolve());
    keeper.once("error", () => resolve());
  });
  const masks = keeper.stdio[3];
  if (masks && "end" in masks) masks.on("error", () => {}).end(JSON.stringify(launch.masks));
  keeper.unref();

  const child = spawn("/bin/sh", ["-c", WAIT_THEN_EXEC, "slipway-app", launch.file, ...launch.args], {
    detached: true,
    cwd: launch.cwd,
    env: launch.environment,
    stdio: ["ignore", keeper.stdin ?? "ignore", keeper.stdin ?? "ignore", "pipe"],
  });
  const failed = once(child, "error").then(([error]) => error as Error);
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => resolve({ code: 127, signal: null }));
  });
  keeper.stdin?.on("error", () => {}).destroy();
  if (child.pid === undefined) throw new AppError("deploy_failed", `The release could not be started: ${(await failed).message}`);
  const identity = await identify(child.pid);
  const go = child.stdio[3];
  if (!identity || !go || !("end" in go)) {
    child.kill("SIGKILL");
    throw new AppError("deploy_failed", "The release's process ended before it was started.");
  }
  go.on("error", () => {});
  try {
    remember(identity);
  } catch (cause) {
    // without the line it ends by itself
    go.destroy();
    throw new AppError("disk_full", "The supervisor could not write its memory, so nothing was started. Is the disk full?", { cause });
  }
  go.end("go\n");
  child.unref();
  let gone = false;
  void exited.then(() => (gone = true));
  return { identity, exited, gone: () => gone, logged };
}

/** Takes over a process that an earlier supervisor started; null when it is gone. Nobody tells us when it ends, so we look. */
export async function adoptProcess(identity: ProcessIdentity): Promise<Running | null> {
  if (!(await isRunning(identity))) return null;
  let gone = false;
  const exited = new Promise<Exit>((resolve) => {
    const timer = setInterval(async () => {
      if (await isRunning(identity)) return;
      clearInterval(timer);
      gone = true;
      resolve({ code: null, signal: null });
    }, ADOPTED_POLL_MS);
  });
  return { identity, exited, gone: () => gone, logged: Promise.resolve() };
}
