import { fileURLToPath } from "node:url";
import { AppError } from "#errors";
import type { CommandResult, CommandsPort } from "#ports/commands.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import { cutMiddle } from "./cut-text.ts";
import { deliveryKey, exclusively } from "./locks.ts";
import { BoundedLog } from "./bounded-log.ts";
import { takeBackTop } from "./sandbox/identity.ts";
import type { Sandbox, SandboxBind } from "./sandbox/sandbox.ts";

/** What lies over the work tree's `.git` inside: a program can neither read where the repository is nor point it elsewhere. */
const NO_GIT = fileURLToPath(new URL("./sandbox/no-git", import.meta.url));

const DEFAULT_TIMEOUT_MS = 60_000;
const LONGEST_MS = 600_000;
const OUTPUT_LIMIT = 16_000;
const MAX_OUTPUT_BYTES = 10 * 1024 * 1024;

export interface CommandsOptions {
  sandbox: Sandbox;
  workspaces: Pick<WorkspacesPort, "open">;
  /** Hides secret values in what a program printed. */
  mask?: (text: string) => string;
}

/** Shell lines in a delivery's work tree, confined. */
export function createCommands({ sandbox, workspaces, mask = (text) => text }: CommandsOptions): CommandsPort {
  return {
    sandbox: sandbox.level,
    async run({ deliveryId, command, timeoutMs, signal }) {
      if (command.includes("\0") || Buffer.byteLength(command) > 100_000)
        throw new AppError("invalid_request", "The command holds a NUL character or is too long.");
      const workspace = await workspaces.open(deliveryId);
      return exclusively(deliveryKey(deliveryId), async (): Promise<CommandResult> => {
        const work: SandboxBind = { source: workspace.path, target: "/workspace", mode: "rw" };
        const log = new BoundedLog(OUTPUT_LIMIT * 4);
        const result = await sandbox
          .run({
            argv: ["/bin/sh", "-c", command],
            cwd: sandbox.inside(work),
            binds: [work, { source: NO_GIT, target: "/workspace/.git", mode: "ro" }],
            identity: deliveryId,
            wallMs: Math.max(1_000, Math.min(timeoutMs ?? DEFAULT_TIMEOUT_MS, LONGEST_MS)),
            outputBytes: MAX_OUTPUT_BYTES,
            onOutput: (chunk) => log.add(chunk),
            env: { CI: "1", NO_COLOR: "1", PYTHONDONTWRITEBYTECODE: "1" },
            ...(signal === undefined ? {} : { signal }),
          })
          .finally(() => takeBackTop(workspace.path));
        // masked before it is cut: a value that lies across the cut must not survive in halves
        const { text, truncated } = cutMiddle(mask(log.text()), OUTPUT_LIMIT);
        const output = result.limit === null ? text : `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}[${result.limit}]`;
        return { exitCode: result.exitCode, reason: result.reason, output, truncated: truncated || log.dropped > 0, durationMs: result.durationMs };
      });
    },
  };
}
