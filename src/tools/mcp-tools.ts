import { tool, type StructuredToolInterface } from "@langchain/core/tools";
import type { McpPort } from "#ports/mcp.ts";
import { cutMiddle } from "./tool-text.ts";
import { markedAs, REACHES_OUT } from "./tool-use.ts";

const RESULT_CHARACTERS = 8_000;
const DESCRIPTION_CHARACTERS = 1_000;

/**
 * The tools of the configured MCP servers, for an agent; none when no server is configured.
 * @param effects false: only those that say they change nothing
 */
export async function makeMcpTools(
  mcp: McpPort | undefined,
  { effects = true, signal }: { effects?: boolean; signal?: AbortSignal } = {},
): Promise<StructuredToolInterface[]> {
  if (mcp === undefined) return [];
  const offered = (await mcp.tools(signal === undefined ? {} : { signal })).filter((one) => effects || one.readOnly);
  return offered.map(({ name, description, inputSchema, readOnly }) =>
    tool(
      async (input) => {
        // an object by its schema
        const { text, failed } = await mcp.call(name, input as Record<string, unknown>, signal === undefined ? {} : { signal });
        return `${failed ? "Error: " : ""}${cutMiddle(text, RESULT_CHARACTERS)}`;
      },
      {
        name,
        description: description.slice(0, DESCRIPTION_CHARACTERS),
        schema: inputSchema,
        verboseParsingErrors: true,
        ...(readOnly ? {} : { metadata: markedAs(REACHES_OUT) }),
      },
    ),
  );
}
