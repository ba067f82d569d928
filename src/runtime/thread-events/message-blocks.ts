import { finalizeContentBlock } from "@langchain/core/language_models/compat";
import { AIMessageChunk, type BaseMessage, ToolMessage } from "@langchain/core/messages";

export interface MessageData {
  event: "message-start" | "content-block-start" | "content-block-delta" | "content-block-finish" | "message-finish" | "error";
  [field: string]: unknown;
}

type Block = Record<string, unknown> & { type: string };

/** How a message ended, as far as its model says. */
export interface MessageEnd {
  usage?: unknown;
  responseMetadata?: Record<string, unknown> | undefined;
}

/**
 * One message as content-block events: `message-start`, per block a start, deltas and a finish, `message-finish`. Pieces may be of several
 * blocks in turn (two tool calls whose arguments come interleaved), so all blocks finish at the end, as in LangChain's own conversion.
 * That one takes whole streams and mixes up a text with the first tool call, which share a number there.
 */
export class MessageBlocks {
  readonly #id: string;
  readonly #runId: string;
  /** In order of appearance: the position is the index of the block. */
  readonly #blocks: { key: string; block: Block }[] = [];
  #started = false;

  /** `runId`: what tells the events of messages that stream at the same time apart. */
  constructor(id: string, runId: string) {
    this.#id = id;
    this.#runId = runId;
  }

  *take(message: BaseMessage): Generator<MessageData> {
    if (!this.#started) {
      this.#started = true;
      yield this.#data({ event: "message-start", id: this.#id, ...roleOf(message) });
    }
    if (typeof message.content === "string") {
      if (message.content !== "") yield* this.#append("text", { type: "text", text: message.content });
    } else {
      for (const [position, part] of message.content.entries()) {
        const block: Block = { ...part };
        const place = typeof block["index"] === "number" || typeof block["index"] === "string" ? block["index"] : position;
        // pieces of tool calls come once more in `tool_call_chunks`
        if (!TOOL_PIECES.has(block.type)) yield* this.#append(`${block.type}:${place}`, block);
      }
    }
    if (AIMessageChunk.isInstance(message)) {
      for (const [position, piece] of (message.tool_call_chunks ?? []).entries()) {
        yield* this.#append(`tool:${piece.index ?? piece.id ?? position}`, { ...piece, type: "tool_call_chunk" });
      }
    } else if ("tool_calls" in message && Array.isArray(message.tool_calls)) {
      for (const call of message.tool_calls as { id?: string; name: string; args: unknown }[]) {
        yield* this.#append(`tool:${call.id ?? this.#blocks.length}`, {
          type: "tool_call_chunk",
          id: call.id,
          name: call.name,
          args: JSON.stringify(call.args),
        });
      }
    }
  }

  *finish(end: MessageEnd): Generator<MessageData> {
    for (const [index, { block }] of this.#blocks.entries()) {
      const { index: _, ...content } = finalizeContentBlock(block as Parameters<typeof finalizeContentBlock>[0]) as unknown as Block;
      yield this.#data({ event: "content-block-finish", index, content });
    }
    yield this.#data({
      event: "message-finish",
      reason: reasonOf(end.responseMetadata),
      ...(end.usage === undefined ? {} : { usage: end.usage }),
      ...(end.responseMetadata === undefined || Object.keys(end.responseMetadata).length === 0 ? {} : { responseMetadata: end.responseMetadata }),
    });
  }

  fail(message: string): MessageData {
    return this.#data({ event: "error", message });
  }

  *#append(key: string, piece: Block): Generator<MessageData> {
    const known = this.#blocks.findIndex((one) => one.key === key);
    const index = known === -1 ? this.#blocks.length : known;
    if (known === -1) {
      const first = empty(piece);
      this.#blocks.push({ key, block: first });
      yield this.#data({ event: "content-block-start", index, content: first });
    }
    const entry = this.#blocks[index];
    if (entry === undefined) return;
    const { block, delta } = grow(entry.block, piece);
    entry.block = block;
    if (delta !== null) yield this.#data({ event: "content-block-delta", index, delta });
  }

  #data(data: MessageData): MessageData {
    return { ...data, run_id: this.#runId };
  }
}

const TOOL_PIECES = new Set(["tool_call", "tool_call_chunk", "input_json_delta", "tool_use"]);

function roleOf(message: BaseMessage): Record<string, unknown> {
  if (message.type === "human" || message.type === "system") return { role: message.type };
  return ToolMessage.isInstance(message) ? { role: "tool", tool_call_id: message.tool_call_id } : {};
}

/** What a block starts as; a block that does not grow starts whole. */
function empty(piece: Block): Block {
  if (piece.type === "text") return { ...piece, text: "" };
  if (piece.type === "reasoning") return { ...piece, reasoning: "" };
  if (piece.type === "thinking") return { ...piece, thinking: "" };
  if (piece.type === "tool_call_chunk") return { ...piece, args: "" };
  return piece;
}

function grow(block: Block, piece: Block): { block: Block; delta: Record<string, unknown> | null } {
  const text = (field: string) => (typeof piece[field] === "string" ? piece[field] : "");
  const longer = (field: string) => `${typeof block[field] === "string" ? block[field] : ""}${text(field)}`;
  switch (piece.type) {
    case "text":
      return { block: { ...block, text: longer("text") }, delta: text("text") === "" ? null : { type: "text-delta", text: text("text") } };
    case "reasoning":
    case "thinking":
      return {
        block: { ...block, [piece.type]: longer(piece.type) },
        delta: text(piece.type) === "" ? null : { type: "reasoning-delta", reasoning: text(piece.type) },
      };
    case "tool_call_chunk": {
      const grown: Block = { ...block, id: piece["id"] ?? block["id"], name: piece["name"] ?? block["name"], args: longer("args") };
      const fields = { type: piece.type, ...(grown["id"] ? { id: grown["id"] } : {}), ...(grown["name"] ? { name: grown["name"] } : {}), args: grown["args"] };
      return { block: grown, delta: { type: "block-delta", fields } };
    }
    default:
      if (block === piece) return { block, delta: null };
      if (typeof piece["data"] === "string")
        return { block: { ...block, data: longer("data") }, delta: { type: "data-delta", data: piece["data"], encoding: "base64" } };
      return { block: { ...block, ...piece }, delta: { type: "block-delta", fields: piece } };
  }
}

function reasonOf(metadata: Record<string, unknown> | undefined): string {
  const reason = metadata?.["finish_reason"] ?? metadata?.["stop_reason"];
  if (reason === "tool_calls" || reason === "function_call" || reason === "tool_use") return "tool_use";
  return reason === "length" || reason === "max_tokens" ? "length" : reason === "content_filter" ? "content_filter" : "stop";
}
