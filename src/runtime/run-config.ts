import { Command, Send } from "@langchain/langgraph";
import type { RunRow } from "#db/queries/run-row.ts";
import { PORTS_KEY } from "#graphs/context.ts";
import type { RunPorts } from "#ports/run.ts";
import type { RunCommand } from "#protocol/run-create.ts";
import { LANGGRAPH_VERSION } from "#version";
import { FENCE_KEY, makeFence } from "./checkpointer-config.ts";
import type { GraphConfig } from "./graph-shape.ts";
import type { RunKwargs } from "./run-kwargs.ts";

/** Names that only the server sets: a client that sends one is not heard. Everything with two underscores belongs to LangGraph or to us. */
const RESERVED = new Set([
  "thread_id",
  "run_id",
  "checkpoint_id",
  "checkpoint_ns",
  "checkpoint_map",
  "assistant_id",
  "graph_id",
  "langgraph_auth_user",
  "langgraph_auth_user_id",
  "langgraph_auth_permissions",
]);

/** What a client may say under `configurable`. */
export function clientConfigurable(given: Record<string, unknown> | null | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([key]) => !key.startsWith("__") && !RESERVED.has(key)));
}

/** The config of one attempt of a run. `atHead`: go on from the newest checkpoint whatever the client asked for. */
export function runConfig(input: { run: RunRow; kwargs: RunKwargs; ports: RunPorts | null; atHead: boolean; ours: boolean }): GraphConfig {
  const { run, kwargs, ports } = input;
  const checkpoint = input.atHead ? null : kwargs.checkpoint;
  const { configurable, recursion_limit, ...rest } = kwargs.config;
  const user = kwargs.user ?? { identity: run.owner, display_name: run.owner, is_authenticated: true, permissions: [] };
  const isFresh = run.attempt === 1 && run.base_checkpoint === null;
  const identity = { thread_id: run.thread_id, run_id: run.run_id, assistant_id: run.assistant_id, graph_id: run.graph_id };
  return {
    ...(rest.tags ? { tags: rest.tags } : {}),
    // absent must stay absent: a graph may bring its own limit
    ...(recursion_limit ? { recursionLimit: recursion_limit } : {}),
    ...(kwargs.context && Object.keys(kwargs.context).length > 0 ? { context: kwargs.context } : {}),
    ...(kwargs.interrupt_before ? { interruptBefore: kwargs.interrupt_before } : {}),
    ...(kwargs.interrupt_after ? { interruptAfter: kwargs.interrupt_after } : {}),
    durability: kwargs.durability ?? (input.ours ? "sync" : "async"),
    runId: run.run_id,
    metadata: {
      created_by: "system",
      ...run.metadata,
      ...identity,
      run_attempt: run.attempt,
      langgraph_version: LANGGRAPH_VERSION,
      langgraph_plan: "developer",
      langgraph_host: "self-hosted",
    },
    configurable: {
      user_id: user.identity,
      ...clientConfigurable(configurable),
      ...identity,
      langgraph_auth_user_id: user.identity,
      langgraph_auth_user: user,
      langgraph_auth_permissions: user.permissions,
      ...(checkpoint?.checkpoint_id ? { checkpoint_id: checkpoint.checkpoint_id } : {}),
      ...(checkpoint?.checkpoint_ns ? { checkpoint_ns: checkpoint.checkpoint_ns } : {}),
      ...(checkpoint?.checkpoint_map ? { checkpoint_map: checkpoint.checkpoint_map } : {}),
      [FENCE_KEY]: makeFence({ runId: run.run_id, epoch: run.epoch, freshThread: isFresh ? run.thread_id : null }),
      ...(ports === null ? {} : { [PORTS_KEY]: ports }),
    },
  };
}

/** LangGraph's Command for the wire's: `{node, input}` is a Send. */
export function toCommand(command: RunCommand): Command {
  const list = command.goto === null || command.goto === undefined ? [] : Array.isArray(command.goto) ? command.goto : [command.goto];
  const goto = list.map((target) => (typeof target === "string" ? target : new Send(target.node, target.input)));
  // the type wants a record, the wire also allows pairs, and LangGraph takes both
  const update = (command.update ?? undefined) as Record<string, unknown> | undefined;
  return new Command({
    ...(goto.length > 0 ? { goto } : {}),
    ...(update === undefined ? {} : { update }),
    ...(command.resume === undefined ? {} : { resume: command.resume }),
  });
}
