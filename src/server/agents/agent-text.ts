import { z } from "zod";

const TextBlock = z.object({ type: z.literal("text"), text: z.string() });
const Message = z.object({ type: z.string(), content: z.union([z.string(), z.array(z.unknown())]) });

/** What an agent says at the end: the text of its last message, or its values as JSON when it keeps none. */
export function agentText(values: unknown): string {
  const last = lastMessage(values);
  return last ?? JSON.stringify(values ?? null);
}

function lastMessage(values: unknown): string | null {
  if (typeof values !== "object" || values === null || !("messages" in values) || !Array.isArray(values.messages)) return null;
  const message = Message.safeParse(values.messages.at(-1));
  // what the caller said itself is no answer
  if (!message.success || message.data.type === "human") return null;
  const { content } = message.data;
  if (typeof content === "string") return content;
  return content.flatMap((block) => TextBlock.safeParse(block).data?.text ?? []).join("");
}

/** What an agent asks, in words for whoever has to answer. */
export function questionText(questions: readonly { id: string; value: unknown }[]): string {
  const [only] = questions;
  if (only === undefined) return "It stopped at a breakpoint and goes on with any answer.";
  if (questions.length === 1) return typeof only.value === "string" ? only.value : JSON.stringify(only.value);
  return `There are ${questions.length} questions; answer with an object from id to answer:\n${JSON.stringify(Object.fromEntries(questions.map(({ id, value }) => [id, value])))}`;
}
