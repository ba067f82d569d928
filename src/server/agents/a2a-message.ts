import { Role, type Message, type Part } from "@a2a-js/sdk";

/** The text of a message; null when it has none. */
export function textOfParts(parts: readonly Part[]): string | null {
  const texts = parts.flatMap((part) => (part.content?.$case === "text" ? [part.content.value] : []));
  return texts.length === 0 ? null : texts.join("\n");
}

/** The JSON of a message; undefined when it has none. Several objects count as one. */
export function dataOfParts(parts: readonly Part[]): unknown {
  const data = parts.flatMap((part): unknown[] => (part.content?.$case === "data" ? [part.content.value] : []));
  return data.length > 1 && data.every((one) => typeof one === "object" && one !== null) ? Object.assign({}, ...data) : data[0];
}

/** Words of a message. */
export function textPart(text: string): Part {
  return { content: { $case: "text", value: text }, metadata: undefined, filename: "", mediaType: "text/plain" };
}

/** JSON of a message. */
export function dataPart(value: unknown): Part {
  return { content: { $case: "data", value }, metadata: undefined, filename: "", mediaType: "application/json" };
}

/** What the agent says about a task. */
export function agentMessage(task: { id: string; contextId: string }, messageId: string, parts: Part[]): Message {
  return { messageId, contextId: task.contextId, taskId: task.id, role: Role.ROLE_AGENT, parts, metadata: undefined, extensions: [], referenceTaskIds: [] };
}
