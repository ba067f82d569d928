import { z } from "zod";
import { Id, JsonRecord, maybe } from "./fields.ts";

/** Arguments of `continue_thread`. An answer may be anything, `null` and `false` too. */
export const ContinueThread = z
  .object({ thread_id: Id, answer: z.unknown().optional(), input: maybe(JsonRecord) })
  .refine((said) => said.answer !== undefined || said.input !== undefined, "give an answer or an input");

/** What a client of the 2025 revisions sends, over a connection of its own, when it gives a request up. */
export const McpCancelled = z.object({
  method: z.literal("notifications/cancelled"),
  params: z.object({ requestId: z.union([z.string(), z.number()]) }),
});

export const McpInitialize = z.object({ method: z.literal("initialize") });

/** One message of JSON-RPC; what may be in it is the protocol's own. */
export const JsonRpcMessage = z
  .object({ jsonrpc: z.literal("2.0"), id: z.union([z.string(), z.number()]).nullish(), method: z.string().optional(), params: JsonRecord.optional() })
  .loose()
  .meta({ id: "JsonRpcMessage" });
