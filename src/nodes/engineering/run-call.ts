import type { AIMessage } from "@langchain/core/messages";
import { ToolInputParsingException, type StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import { malformedArguments, unknownTool } from "#prompts/engineering/developer.ts";

export type Call = NonNullable<AIMessage["tool_calls"]>[number];

/** What a call answers; what does not fit is told to the model. */
export async function runCall(tools: readonly StructuredToolInterface[], call: Call, answer: AIMessage): Promise<string> {
  const malformed = (answer.invalid_tool_calls ?? []).find((each) => each.id === call.id);
  if (malformed !== undefined) return malformedArguments(call.name, malformed.args ?? "");
  const chosen = tools.find((each) => each.name === call.name);
  if (chosen === undefined)
    return unknownTool(
      call.name,
      tools.map((each) => each.name),
    );
  const schema = chosen.schema;
  const args = schema instanceof z.ZodType ? schema.safeParse(call.args) : { success: true as const, data: call.args };
  if (!args.success) return `Error: the arguments do not fit: ${z.prettifyError(args.error)}`;
  try {
    return String(await chosen.invoke(call.args));
  } catch (error) {
    if (error instanceof ToolInputParsingException) return `Error: the arguments do not fit: ${error.message}`;
    throw error;
  }
}
