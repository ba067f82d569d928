import { tool } from "@langchain/core/tools";
import { z } from "zod";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import { cutMiddle, textOf } from "./tool-text.ts";

const DIFF_CHARACTERS = 16_000;

/** What has been changed so far. Commits are made by Slipway, never by the model. */
export function makeGitTools(workspaces: WorkspacesPort, { deliveryId, projectId, branch }: { deliveryId: string; projectId: string; branch: string }) {
  return [
    tool(() => textOf(async () => (await workspaces.workingDiff(deliveryId)).status.trim() || "Nothing is changed."), {
      name: "git_status",
      description: "Lists the files that differ from the start of this piece of work.",
      schema: z.object({}),
    }),
    tool(() => textOf(async () => cutMiddle((await workspaces.workingDiff(deliveryId)).text, DIFF_CHARACTERS) || "Nothing is changed."), {
      name: "git_diff",
      description: "Shows what differs from the start of this piece of work.",
      schema: z.object({}),
    }),
    tool(
      (input) =>
        textOf(async () => {
          const commits = await workspaces.log(projectId, branch, input.limit ?? 10);
          return commits.map((commit) => `- ${commit.subject}`).join("\n") || "No commits.";
        }),
      { name: "git_log", description: "Subjects of the newest commits.", schema: z.object({ limit: z.number().int().min(1).max(50).optional() }) },
    ),
  ];
}
