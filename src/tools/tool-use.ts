import type { StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import type { WantedToolCall } from "#ports/decisions.ts";

/** How a tool is used where no rule speaks, and what it can do at worst. */
export type ToolUse = Pick<WantedToolCall, "usual" | "risk">;

const USUAL: ToolUse = { usual: "allow", risk: "low" };
/** Reaches out of the sandbox, and its server does not promise that it only reads. */
export const REACHES_OUT: ToolUse = { usual: "ask", risk: "medium" };

const Marked = z.object({ use: z.object({ usual: z.enum(["allow", "ask"]), risk: z.enum(["low", "medium", "high"]) }) });

/** A tool's metadata with its use; a model does not see it. */
export function markedAs(use: ToolUse): { use: ToolUse } {
  return { use };
}

/** A tool that is not marked works in the sandbox, on the project's files. */
export function useOf(tool: StructuredToolInterface): ToolUse {
  return Marked.safeParse("metadata" in tool ? tool.metadata : undefined).data?.use ?? USUAL;
}
