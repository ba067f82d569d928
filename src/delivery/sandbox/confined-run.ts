import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { AppError } from "#errors";
import type { Cgroup } from "./cgroup.ts";
import { measureTree } from "./process-tree.ts";
import type { SandboxCommand, SandboxResult, SandboxRun } from "./sandbox.ts";
import { watch } from "./watchdog.ts";

/**
 * The life of one confined program:
 *
 *   spawned  -> started    start.sh wrote to descriptor 3, as the last thing before the program; until then a failure is the machine's
 *   started  -> ending     it exited, or a limit, the clock or the caller ended it: the first cause is kept
 *   ending   -> ended      the process group is killed, which kills process 1 of the pid namespace and with it everything inside; the
 *                          pipes close when the last holder is gone
 *
 * At level `none` a descendant that left the process group is looked up in /proc before the kill.
 */
export interface ConfinedRunOptions {
  request: SandboxRun;
  command: SandboxCommand;
  cgroup: Cgroup | null;
  /** False at levels without a pid namespace: descendants must be searched. */
  ownsProcesses: boolean;
  memoryBytes: number;
  processes: number;
}

type Cause = { reason: "timeout" | "output_limit" | "out_of_memory" | "killed"; limit: string };

const CLOSE_GRACE_MS = 3_000;

export async function runConfined(options: ConfinedRunOptions): Promise<SandboxResult> {
  const { request, command, cgroup } = options;
  const began = performance.now();
  request.signal?.throwIfAborted();
  const child = spawn(command.file, command.args, {
    cwd: "/",
    env: command.env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe", "pipe", request.onReport === undefined ? "ignore" : "pipe"],
  });

  let cause: Cause | null = null;
  let started = false;
  let received = 0;
  let reported = 0;
  let firstWords = "";

  const end = (why: Cause): void => {
    if (cause !== null) return;
    cause = why;
    killGroup(child, options.ownsProcesses);
  };
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;

  const take = (chunk: Buffer): void => {
    if (!started && firstWords.length < 2_000) firstWords += chunk.toString("utf8");
    const room = request.outputBytes - received;
    received += chunk.length;
    if (room > 0) request.onOutput?.(chunk.length > room ? chunk.subarray(0, room) : chunk);
    if (received > request.outputBytes) end({ reason: "output_limit", limit: `It printed more than ${megabytes(request.outputBytes)}.` });
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  // pipes 3 and 4 are readable ends on our side
  const ready = child.stdio[3] as Readable;
  ready.on("data", () => (started = true));
  ready.on("error", () => undefined);
  const report = child.stdio[4] as Readable | null | undefined;
  report?.on("data", (chunk: Buffer) => {
    reported += chunk.length;
    if (reported > (request.reportBytes ?? Number.MAX_SAFE_INTEGER)) end({ reason: "output_limit", limit: "Its test report is too long." });
    else request.onReport?.(chunk);
  });
  report?.on("error", () => undefined);
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(request.stdin ?? "");

  const wall = setTimeout(() => end({ reason: "timeout", limit: `It did not end within ${Math.round(request.wallMs / 1_000)} s.` }), request.wallMs);
  const stopWatch =
    child.pid === undefined
      ? () => undefined
      : watch({
          pid: child.pid,
          memoryBytes: cgroup === null ? options.memoryBytes : null,
          processes: cgroup === null ? options.processes * 2 : null,
          writable: request.binds.filter((bind) => bind.mode === "rw"),
          diskBytes: request.diskBytes ?? 1024 * 1024 * 1024,
          onBreach: (breach) => {
            if (breach === "memory") end({ reason: "out_of_memory", limit: `It used more than ${megabytes(options.memoryBytes)} of memory.` });
            else if (breach === "processes") end({ reason: "killed", limit: `It started more than ${options.processes} processes and threads.` });
            else end({ reason: "output_limit", limit: `It wrote more than ${megabytes(request.diskBytes ?? 1024 * 1024 * 1024)} to disk.` });
          },
        });
  const onAbort = (): void => end({ reason: "killed", limit: "It was cancelled." });
  request.signal?.addEventListener("abort", onAbort, { once: true });

  try {
    const { code, signal } = await ended(child, () => killGroup(child, options.ownsProcesses));
    if (!started && cause === null) {
      throw new AppError(
        "test_infrastructure",
        `The sandbox could not be entered: ${firstWords.trim() || `it ended with ${signal ?? code} before the program started`}`,
      );
    }
    return { ...verdict(cause, code, signal, cgroup, options), durationMs: Math.round(performance.now() - began) };
  } finally {
    clearTimeout(wall);
    stopWatch();
    request.signal?.removeEventListener("abort", onAbort);
    killGroup(child, options.ownsProcesses);
    await removeGroup(cgroup);
  }
}

function verdict(
  cause: Cause | null,
  code: number | null,
  signal: NodeJS.Signals | null,
  cgroup: Cgroup | null,
  options: ConfinedRunOptions,
): Omit<SandboxResult, "durationMs"> {
  const outOfMemory = cgroup?.ranOutOfMemory() === true;
  if (outOfMemory && cause?.reason !== "timeout") {
    return {
      exitCode: null,
      signal: "SIGKILL",
      reason: "out_of_memory",
      limit: `It used more than ${Math.round(options.memoryBytes / 1024 / 1024)} MB of memory.`,
    };
  }
  if (cause !== null) return { exitCode: null, signal: "SIGKILL", reason: cause.reason, limit: cause.limit };
  // a program that a signal ended shows as 128 + number through the shells around it
  const inner = signal ?? (code !== null && code > 128 ? (signalName(code - 128) ?? null) : null);
  if (inner === "SIGXCPU") return { exitCode: code, signal: inner, reason: "timeout", limit: "It used up its CPU time." };
  const limit = cgroup?.refusedProcesses() === true ? `It tried to start more than ${options.processes} processes and threads.` : null;
  return { exitCode: code, signal: inner, reason: signal === null ? "exited" : "killed", limit };
}

function signalName(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}

/** Resolves when the program has exited and its pipes are closed; pipes held open by a survivor are cut after a grace. */
function ended(child: ChildProcess, kill: () => void): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined;
    child.once("error", (cause) =>
      reject(new AppError("test_infrastructure", `The sandbox's first program could not be started: ${cause.message}`, { cause })),
    );
    child.once("exit", () => {
      kill();
      grace = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy();
      }, CLOSE_GRACE_MS);
    });
    child.once("close", (code, signal) => {
      clearTimeout(grace);
      resolve({ code, signal });
    });
  });
}

function killGroup(child: ChildProcess, ownsProcesses: boolean): void {
  if (child.pid === undefined) return;
  const strays = ownsProcesses ? [] : measureTree(child.pid).pids;
  for (const target of [-child.pid, ...strays]) {
    // once it has been reaped, the number may belong to somebody else: only the group, which lives as long as a member does, may be signalled
    if (target > 0 && (child.exitCode !== null || child.signalCode !== null)) continue;
    try {
      process.kill(target, "SIGKILL");
    } catch {
      // already gone
    }
  }
}

/** A group's last member leaves it a moment after it was killed. */
async function removeGroup(cgroup: Cgroup | null): Promise<void> {
  for (let attempt = 0; cgroup !== null && attempt < 50 && !cgroup.remove(); attempt++) await new Promise((resolve) => setTimeout(resolve, 10 * (attempt + 1)));
}
