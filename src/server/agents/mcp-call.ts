import type { CallToolResult } from "@modelcontextprotocol/server";
import { AppError } from "#errors";
import type { Caller } from "#ports/caller.ts";
import type { Services } from "#ports/services.ts";
import { ContinueThread } from "#protocol/mcp.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import { resumeFor } from "./agent-answer.ts";
import { agentOutcome, agentSteps, type AgentOutcome } from "./agent-run.ts";
import { agentText, questionText } from "./agent-text.ts";
import { assistantsByTool, CONTINUE } from "./mcp-tools.ts";

export interface McpCall {
  readonly name: string;
  readonly input: Record<string, unknown>;
  /** Where a later request finds this call to give it up; null: it is given up by closing its connection. */
  readonly cancelName: string | null;
  readonly headers: Record<string, string>;
  /** Aborts when the client gave up; the run is cancelled. */
  readonly signal: AbortSignal;
  readonly onStep: (step: number, nodes: string[]) => Promise<void>;
}

/** Key in a thread's metadata: the call that its newest run answers. */
const CALL = "mcp_call";

/** Runs an assistant, or goes on with a thread, and says how it ended. Throws AppErrors; the caller makes them tool errors. */
export async function callTool(services: Services, caller: Caller, call: McpCall): Promise<CallToolResult> {
  const { threadId, create } = await plan(services, caller, call);
  const { run, stream } = await services.runs.stream(
    caller,
    threadId,
    { ...create, stream_mode: ["updates"], on_disconnect: "cancel" },
    { headers: call.headers, signal: call.signal },
  );
  let step = 0;
  for await (const nodes of agentSteps(stream)) await call.onStep((step += 1), nodes);
  return toResult(await agentOutcome(services, caller, run));
}

async function plan({ assistants, threads }: Services, caller: Caller, call: McpCall): Promise<{ threadId: string; create: RunCreate }> {
  const metadata = call.cancelName === null ? {} : { [CALL]: call.cancelName };
  if (call.name === CONTINUE) {
    const { thread_id: threadId, answer, input } = parseContinue(call.input);
    const thread = await threads.get(caller, threadId);
    const assistantId = thread.metadata["assistant_id"];
    if (typeof assistantId !== "string") throw new AppError("nothing_to_resume", "Nothing has run on this thread yet.");
    if (call.cancelName !== null) await threads.update(caller, threadId, { metadata });
    return { threadId, create: { assistant_id: assistantId, ...(answer === undefined ? { input } : { command: { resume: resumeFor(thread, answer) } }) } };
  }
  const assistant = (await assistantsByTool(assistants, caller)).get(call.name);
  if (assistant === undefined) throw new AppError("not_found", `There is no tool "${call.name.slice(0, 100)}".`);
  const thread = await threads.create(caller, { metadata: { source: "mcp", ...metadata } });
  return { threadId: thread.thread_id, create: { assistant_id: assistant.assistant_id, input: call.input } };
}

function parseContinue(input: Record<string, unknown>) {
  const parsed = ContinueThread.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_request", parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`.trim()).join("; "));
}

function toResult(outcome: AgentOutcome): CallToolResult {
  const { status, threadId, runId } = outcome;
  const said = (text: string, isError: boolean): CallToolResult => ({
    content: [
      { type: "text", text },
      { type: "text", text: `thread_id: ${threadId}` },
    ],
    isError,
    _meta: { "slipway/thread_id": threadId, "slipway/run_id": runId, "slipway/status": status },
  });
  if (status === "success") return said(agentText(outcome.values), false);
  if (status === "waiting")
    return said(`It waits for an answer. Call ${CONTINUE} with this thread_id and the answer.\n${questionText(outcome.questions)}`, false);
  return said(outcome.error ?? (status === "cancelled" ? "It was cancelled." : "It has not ended."), true);
}

/** Cancels what a call started. Nothing to be found is nothing to do: it ended, or was somebody else's. */
export async function cancelCall({ threads, runs }: Services, caller: Caller, cancelName: string): Promise<void> {
  const { items } = await threads.search(caller, { metadata: { [CALL]: cancelName }, limit: 1, offset: 0 });
  for (const { thread_id } of items) await runs.cancelMany(caller, { thread_id, status: "all", action: "interrupt" });
}
