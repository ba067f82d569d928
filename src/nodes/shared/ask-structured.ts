import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, HumanMessage, type BaseMessage } from "@langchain/core/messages";
import { z } from "zod";
import { AppError } from "#errors";

/** LangGraph keeps a model call with this tag out of the `messages` stream: nobody wants to read a classification. */
export const QUIET = { tags: ["nostream"] };

/**
 * Asks a model for one typed value. It is offered as a forced tool call, which every OpenAI-compatible endpoint knows; endpoints that
 * ignore the force and answer with JSON in text are read too. An answer that does not fit is sent back once, with the reasons.
 * Fails with `model_answer_unusable` after that, and with the model's own AppError when there is no answer.
 */
export async function askStructured<Schema extends z.ZodObject>(
  model: BaseChatModel,
  input: { name: string; description: string; schema: Schema; messages: BaseMessage[]; signal?: AbortSignal | undefined },
): Promise<z.infer<Schema>> {
  const { name, description, schema, signal } = input;
  if (model.bindTools === undefined) throw new AppError("invalid_config", "The configured chat model cannot call tools. Choose one that can in MODEL.");
  const asking = model.bindTools([{ name, description, schema }], { tool_choice: name });
  let messages = input.messages;
  let problem = "";
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const answer = await asking.invoke(messages, { ...QUIET, ...(signal === undefined ? {} : { signal }) });
    const given = valueOf(answer, name);
    const parsed = schema.safeParse(given);
    if (parsed.success) return parsed.data;
    problem = given === undefined ? "there was no call" : z.prettifyError(parsed.error);
    const said = given === undefined ? answer.text : JSON.stringify(given);
    messages = [
      ...input.messages,
      new AIMessage(said === "" ? "(nothing)" : said),
      new HumanMessage(`That could not be used: ${problem}\nAnswer again by calling the tool "${name}" once, with arguments that fit its schema.`),
    ];
  }
  throw new AppError("model_answer_unusable", `The model was asked twice for "${name}" and its answers could not be read: ${problem}`);
}

function valueOf(answer: BaseMessage, name: string): unknown {
  const calls = AIMessage.isInstance(answer) ? (answer.tool_calls ?? []) : [];
  const call = calls.find((one) => one.name === name) ?? calls[0];
  return call === undefined ? jsonIn(answer.text) : call.args;
}

/** The outermost JSON object of a text, fenced or not. */
function jsonIn(text: string): unknown {
  const from = text.indexOf("{");
  const to = text.lastIndexOf("}");
  if (from < 0 || to < from) return undefined;
  try {
    return JSON.parse(text.slice(from, to + 1)) as unknown;
  } catch {
    return undefined;
  }
}
