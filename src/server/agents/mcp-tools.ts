import type { Tool } from "@modelcontextprotocol/server";
import { isAppError } from "#errors";
import type { Caller } from "#ports/caller.ts";
import type { AssistantsService } from "#ports/services/assistants.ts";
import type { Assistant } from "#protocol/wire.ts";

/** Goes on with a thread: the answer to what a tool asked, or the next message of a conversation. */
export const CONTINUE = "continue_thread";

const CONTINUE_TOOL: Tool = {
  name: CONTINUE,
  description:
    "Goes on with a thread that another tool of this server began. Give `answer` when that tool said that it waits for one (an object from question id to answer when it asked several things), or `input` for the next turn.",
  inputSchema: {
    type: "object",
    properties: {
      thread_id: { type: "string", description: "as the other tool's result says" },
      answer: { description: "the answer to what is asked; any JSON" },
      input: { type: "object", description: "input of the next turn, in the shape of the other tool's arguments" },
    },
    required: ["thread_id"],
  },
};

const MOST_ASSISTANTS = 1_000;

/** Every assistant within the caller's reach under the name of its tool, in a stable order. */
export async function assistantsByTool(assistants: AssistantsService, caller: Caller): Promise<Map<string, Assistant>> {
  const { items } = await assistants.search(caller, { limit: MOST_ASSISTANTS, offset: 0, sort_by: "created_at", sort_order: "asc" });
  const byTool = new Map<string, Assistant>();
  for (const assistant of items) {
    const name = toolName(assistant.name);
    // an id never changes, so neither does the name made with it
    byTool.set(byTool.has(name) || name === CONTINUE ? `${name.slice(0, 50)}_${assistant.assistant_id.slice(0, 8)}` : name, assistant);
  }
  return byTool;
}

/** At most 64 letters, digits, `_` and `-`: what every model's endpoint takes. */
function toolName(name: string): string {
  const plain = name
    .normalize("NFKD")
    .replaceAll(/[^\w-]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 64);
  return plain === "" ? "assistant" : plain;
}

/** The assistants as tools. One whose graph did not load is left out. */
export async function listTools(assistants: AssistantsService, caller: Caller): Promise<Tool[]> {
  const tools = await Promise.all(
    [...(await assistantsByTool(assistants, caller))].map(async ([name, assistant]): Promise<Tool[]> => {
      try {
        const { input_schema: input } = await assistants.schemas(caller, assistant.assistant_id);
        const description = assistant.description ?? `Runs the graph "${assistant.graph_id}".`;
        return [{ name, title: assistant.name, description, inputSchema: { ...(input as object), type: "object" } }];
      } catch (error) {
        if (isAppError(error) && (error.code === "graph_load_failed" || error.code === "not_found")) return [];
        throw error;
      }
    }),
  );
  return [...tools.flat(), CONTINUE_TOOL];
}
