import { tool } from "@langchain/core/tools";
import { z } from "zod";
import type { CommandResult, CommandsPort } from "#ports/commands.ts";
import { cutMiddle, textOf } from "./tool-text.ts";

const OUTPUT_CHARACTERS = 8_000;
const LONGEST_SECONDS = 120;

const ENDINGS: Partial<Record<CommandResult["reason"], string>> = {
  timeout: "It ran too long and was stopped. Servers must not be started in the foreground; test them with node:test or unittest instead.",
  output_limit: "It printed too much and was stopped.",
  out_of_memory: "It used too much memory and was stopped.",
  killed: "It was killed.",
};

/** Where sandboxes that can move paths show the workspace. */
const INSIDE = /\/workspace(?=[/\s:'")]|$)/g;

function withoutPlace(output: string, here: string): string {
  return (here === "" ? output : output.replaceAll(here, ".")).replaceAll(INSIDE, ".");
}

/**
 * Shell commands in the workspace, in the sandbox.
 * @param here absolute path of the workspace, taken out of the output: models speak in relative paths
 */
export function makeCommandTool(commands: CommandsPort, { deliveryId, here, signal }: { deliveryId: string; here: string; signal?: AbortSignal }) {
  return tool(
    (input) =>
      textOf(async () => {
        const timeoutMs = (input.timeout_seconds ?? 60) * 1_000;
        const result = await commands.run({ deliveryId, command: input.command, timeoutMs, ...(signal ? { signal } : {}) });
        const ending = ENDINGS[result.reason] ?? `Exit code ${result.exitCode}.`;
        const output = cutMiddle(withoutPlace(result.output, here).trimEnd(), OUTPUT_CHARACTERS);
        return `${ending}\n${output || "(no output)"}`;
      }),
    {
      name: "execute_command",
      description: "Runs a shell command in the project's folder, in a sandbox: no network, nothing can be installed. What it starts is stopped when it ends.",
      schema: z.object({ command: z.string().min(1), timeout_seconds: z.number().int().min(1).max(LONGEST_SECONDS).optional().describe("default 60") }),
    },
  );
}
