import { randomUUID } from "node:crypto";
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { isBaseMessage } from "@langchain/core/messages";
import type { LLMResult } from "@langchain/core/outputs";
import { isGraphBubbleUp } from "@langchain/langgraph";
import { recordEvents } from "#db/queries/record-event.ts";
import type { Sql } from "#db/queries/sql.ts";
import type { Log } from "#log";
import type { EventType, NewEvent } from "#protocol/events/events.ts";
import type { ClaimedRun } from "./claimed-run.ts";
import type { RunKwargs } from "./run-kwargs.ts";

/** A run of a second writes what its models and tools did together with its end; a longer one as it goes on. */
const WRITE_EVERY_MS = 1_000;
/** More than that were not written since the database went away: the rest is not kept. */
const MOST_KEPT = 5_000;

interface Call {
  event: string;
  since: number;
  name: string | null;
  node: string | null;
  toolCall: string | null;
}

type DataOf<T extends EventType> = Extract<NewEvent, { type: T }>["data"];

/**
 * Hears what the models and tools of one attempt of a run do, whatever graph it is, and keeps it for the log of events: names, times, tokens
 * and kinds of failure, never what is said or given. It neither asks models to stream nor changes what they answer. A crash loses what was
 * heard since the last write, at most a second.
 */
export class WorkLog extends BaseCallbackHandler {
  readonly name = "WorkLog";
  readonly #sql: Sql;
  readonly #log: Log;
  readonly #run: ClaimedRun;
  readonly #calls = new Map<string, Call>();
  #waiting: NewEvent[] = [];
  #writing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #agent: { event: string; since: number } | null = null;
  #closed = false;

  constructor(sql: Sql, log: Log, run: ClaimedRun) {
    super({ _awaitHandler: true, ignoreChain: true });
    this.#sql = sql;
    this.#log = log;
    this.#run = run;
  }

  /** What a person says with this run. A later attempt says nothing new. */
  begin(kwargs: RunKwargs): void {
    if (this.#run.attempt > 1) return;
    for (const { role, characters } of messagesIn(kwargs.input)) if (role === "user") this.#tell("message.added", { role, characters });
  }

  override handleChatModelStart(...[llm, , runId, , extra, , metadata]: Parameters<NonNullable<BaseCallbackHandler["handleChatModelStart"]>>): void {
    const given = extra?.["invocation_params"];
    const model = textOf(metadata?.["ls_model_name"]) ?? textOf(fieldOf(given, "model")) ?? textOf(llm.id?.at(-1));
    this.#begin(runId, model, metadata, null);
    const call = this.#calls.get(runId);
    if (call !== undefined) this.#tell("model.started", { model, node: call.node }, { id: call.event, causation_id: this.#agent?.event ?? null });
  }

  override handleLLMStart(...[llm, prompts, runId, parentRunId, extra, tags, metadata]: Parameters<NonNullable<BaseCallbackHandler["handleLLMStart"]>>): void {
    void prompts;
    this.handleChatModelStart(llm, [], runId, parentRunId, extra, tags, metadata);
  }

  override handleLLMEnd(output: LLMResult, runId: string, _parent?: string, tags?: string[]): void {
    const call = this.#end(runId);
    if (call === null) return;
    const generation = output.generations[0]?.[0];
    const message: unknown = generation !== undefined && "message" in generation ? generation.message : undefined;
    const usage = (isBaseMessage(message) && "usage_metadata" in message ? message.usage_metadata : null) ?? output.llmOutput?.["tokenUsage"];
    this.#tell(
      "model.completed",
      {
        model: call.name,
        node: call.node,
        duration_ms: call.took,
        input_tokens: numberOf(fieldOf(usage, "input_tokens") ?? fieldOf(usage, "promptTokens")),
        output_tokens: numberOf(fieldOf(usage, "output_tokens") ?? fieldOf(usage, "completionTokens")),
      },
      { causation_id: call.event },
    );
    const characters = isBaseMessage(message) ? message.text.length : 0;
    if (characters > 0 && !tags?.includes("nostream") && !tags?.includes("langsmith:nostream"))
      this.#tell("message.added", { role: "assistant", characters }, { causation_id: call.event });
  }

  override handleLLMError(error: unknown, runId: string): void {
    const call = this.#end(runId);
    if (call !== null)
      this.#tell("model.failed", { model: call.name, node: call.node, duration_ms: call.took, error: kindOf(error) }, { causation_id: call.event });
  }

  override handleToolStart(...[tool, , runId, , , metadata, runName, toolCall]: Parameters<NonNullable<BaseCallbackHandler["handleToolStart"]>>): void {
    this.#begin(runId, runName ?? textOf(tool.id?.at(-1)), metadata, toolCall ?? null);
    const call = this.#calls.get(runId);
    if (call !== undefined)
      this.#tell(
        "tool.requested",
        { tool: call.name ?? "tool", node: call.node, call_id: call.toolCall },
        { id: call.event, causation_id: this.#agent?.event ?? null },
      );
  }

  override handleToolEnd(_output: unknown, runId: string): void {
    const call = this.#end(runId);
    if (call !== null)
      this.#tell(
        "tool.completed",
        { tool: call.name ?? "tool", node: call.node, call_id: call.toolCall, duration_ms: call.took },
        { causation_id: call.event },
      );
  }

  override handleToolError(error: unknown, runId: string): void {
    const call = this.#end(runId);
    // it asks a person, and is called again with the answer
    if (call === null || isGraphBubbleUp(error)) return;
    this.#tell(
      "tool.failed",
      { tool: call.name ?? "tool", node: call.node, call_id: call.toolCall, duration_ms: call.took, error: kindOf(error) },
      { causation_id: call.event },
    );
  }

  /** Ends the attempt and answers what is left to be written with it; `written` says that it was. Again: the same. */
  async finish(how: "completed" | "paused" | "failed" | null, error: string | null): Promise<readonly NewEvent[]> {
    if (!this.#closed && this.#agent !== null && how !== null) {
      const facts = { agent: this.#run.graph_id, duration_ms: Math.round(performance.now() - this.#agent.since) };
      const { event: causation_id } = this.#agent;
      if (how === "failed") this.#tell("agent.failed", { ...facts, error: (error ?? "Error").slice(0, 100) }, { causation_id });
      else this.#tell(how === "paused" ? "agent.paused" : "agent.completed", facts, { causation_id });
    }
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#writing;
    return this.#waiting;
  }

  written(): void {
    this.#waiting = [];
  }

  /** Writes what is left, where nothing else is written that it could go with. Never throws. */
  async flush(): Promise<void> {
    await this.finish(null, null);
    await this.#write();
  }

  #begin(runId: string, name: string | null, metadata: Record<string, unknown> | undefined, toolCall: string | null): void {
    if (this.#closed) return;
    if (this.#agent === null) {
      this.#agent = { event: randomUUID(), since: performance.now() };
      this.#tell("agent.started", { agent: this.#run.graph_id }, { id: this.#agent.event });
    }
    this.#calls.set(runId, { event: randomUUID(), since: performance.now(), name, node: textOf(metadata?.["langgraph_node"]), toolCall });
  }

  #end(runId: string): (Call & { took: number }) | null {
    const call = this.#calls.get(runId);
    if (call === undefined || this.#closed) return null;
    this.#calls.delete(runId);
    return { ...call, took: Math.round(performance.now() - call.since) };
  }

  #tell<T extends EventType>(type: T, data: DataOf<T>, more: { id?: string; causation_id?: string | null } = {}): void {
    if (this.#closed || this.#waiting.length >= MOST_KEPT) return;
    const { owner, thread_id, run_id } = this.#run;
    // type and data belong together by the signature, which a union does not show
    this.#waiting.push({ type, data, owner, thread_id, run_id, at: new Date(), ...more } as NewEvent);
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#writing ??= this.#write().finally(() => (this.#writing = null));
    }, WRITE_EVERY_MS);
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    const events = this.#waiting;
    this.#waiting = [];
    try {
      await recordEvents(this.#sql, events);
    } catch (error) {
      this.#waiting = [...events, ...this.#waiting];
      this.#log.warn({ err: error, run_id: this.#run.run_id }, "events of a run could not be written; they go with the next");
    }
  }
}

function messagesIn(input: unknown): { role: "user" | "assistant"; characters: number }[] {
  const messages = fieldOf(input, "messages");
  return [messages ?? []].flat().flatMap((message: unknown) => {
    if (typeof message === "string") return [{ role: "user" as const, characters: message.length }];
    const role = textOf(fieldOf(message, "role")) ?? textOf(fieldOf(message, "type"));
    const content = fieldOf(message, "content");
    const parts: unknown[] = Array.isArray(content) ? content : [content];
    const characters = parts.reduce<number>((sum, part) => sum + (textOf(part) ?? textOf(fieldOf(part, "text")) ?? "").length, 0);
    return role === "user" || role === "human" ? [{ role: "user" as const, characters }] : [];
  });
}

/** What a failure is called; what it says may hold anything. */
function kindOf(error: unknown): string {
  return error instanceof Error ? error.name.slice(0, 100) : "Error";
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
