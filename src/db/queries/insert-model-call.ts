import type { Database } from "../client.ts";

export interface ModelCallRow {
  runId: string;
  threadId: string;
  owner: string;
  role: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
  durationMs: number;
  replayed: boolean;
}

/** Writes down what one model call used. */
export async function insertModelCall({ sql }: Database, call: ModelCallRow): Promise<void> {
  await sql`
    insert into model_calls (run_id, thread_id, owner, role, model, input_tokens, output_tokens, duration_ms, replayed)
    values (${call.runId}, ${call.threadId}, ${call.owner}, ${call.role}, ${call.model}, ${call.inputTokens}, ${call.outputTokens}, ${Math.round(call.durationMs)}, ${call.replayed ? 1 : 0})`;
}
