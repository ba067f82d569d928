import { tool, type StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import type { EngineeringState } from "#graphs/engineering/state.ts";
import type { RunPorts } from "#ports/run.ts";
import { makeCommandTool } from "#tools/command.ts";
import { makeFileTools } from "#tools/files.ts";
import { makeGitTools } from "#tools/git.ts";
import { makeMcpTools } from "#tools/mcp-tools.ts";

/** The call by which the developer says that a round is done. */
export const FINISH = "finish";

export const Finish = z.object({ summary: z.string().describe("what you built or changed, one or two sentences") });

/** What the developer may do. `here` is the workspace's absolute path, which is kept out of what it reads. */
export async function offeredTools(
  ports: Pick<RunPorts, "workspaces" | "commands" | "mcp">,
  state: Pick<EngineeringState, "delivery_id" | "project_id" | "branch">,
  options: { here: string; signal?: AbortSignal },
): Promise<StructuredToolInterface[]> {
  const deliveryId = state.delivery_id;
  const { signal } = options;
  return [
    ...makeFileTools(ports.workspaces, deliveryId),
    makeCommandTool(ports.commands, { deliveryId, ...options }),
    ...makeGitTools(ports.workspaces, { deliveryId, projectId: state.project_id, branch: state.branch ?? "HEAD" }),
    tool(() => "Slipway commits your work and runs the tests.", {
      name: FINISH,
      description: "Call this when the work is complete and its tests pass. Slipway commits it and runs the tests itself.",
      schema: Finish,
    }),
    ...(await makeMcpTools(ports.mcp, signal === undefined ? {} : { signal })),
  ];
}
