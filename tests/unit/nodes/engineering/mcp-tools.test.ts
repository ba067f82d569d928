import { AIMessage } from "@langchain/core/messages";
import { expect, it } from "vitest";
import { runCall } from "#nodes/engineering/run-call.ts";
import type { McpPort } from "#ports/mcp.ts";
import { makeMcpTools } from "#tools/mcp-tools.ts";

const schema = { type: "object", properties: { a: { type: "number" } }, required: ["a"] };
const mcp: McpPort = {
  tools: async () => [{ name: "mcp_sums_double", description: "Doubles.", inputSchema: schema, readOnly: true }],
  call: async (_name, { a }) => ({ text: String(Number(a) * 2), failed: false }),
};

it.each([
  [{ a: 21 }, "42"],
  [{ a: "many" }, /^Error: the arguments do not fit: .*a.*/s],
  [{}, /^Error: the arguments do not fit: /],
])("a developer's call of an MCP tool with %j is answered, or told what does not fit", async (args, expected) => {
  const answer = await runCall(await makeMcpTools(mcp), { id: "1", name: "mcp_sums_double", args }, new AIMessage(""));
  expect(answer).toMatch(expected);
});
