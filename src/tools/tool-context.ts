import type { RunPorts } from "#ports/run.ts";
import type { StartedWork } from "./started-work.ts";

/** What the product owner's tools know of the turn they are called in. */
export interface ToolContext {
  readonly ports: RunPorts;
  /** BCP 47 language of the person. */
  readonly language: string;
  readonly deliver: "service" | "code";
  /** Work that this conversation started, by call. */
  readonly works: Readonly<Record<string, StartedWork>>;
  /** Tells the node what to remember; called once per started or stopped work. */
  remember(work: StartedWork): void;
}

/**
 * The model's id of a tool call is the key under which its effect happens once.
 * @param config second argument of a LangChain tool, which carries the call it was invoked with
 */
export function callOf(config: unknown): string {
  const call = typeof config === "object" && config !== null && "toolCall" in config ? config.toolCall : undefined;
  const id = typeof call === "object" && call !== null && "id" in call ? call.id : undefined;
  if (typeof id !== "string" || id === "") throw new TypeError("A tool with an effect was called without a tool call id.");
  return id;
}
