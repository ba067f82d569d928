import type { StructuredToolInterface } from "@langchain/core/tools";
import type { Intent } from "#graphs/product-owner/state.ts";
import type { RunPorts } from "#ports/run.ts";
import { makeMcpTools } from "#tools/mcp-tools.ts";

/** As with our own tools: none for what is refused, and only those that change nothing while the request is not clear. */
export async function mcpToolsFor(intent: Intent, ports: Pick<RunPorts, "mcp">, signal?: AbortSignal): Promise<StructuredToolInterface[]> {
  if (intent.kind === "refuse") return [];
  return makeMcpTools(ports.mcp, { effects: intent.clear, ...(signal === undefined ? {} : { signal }) });
}
