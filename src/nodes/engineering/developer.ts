import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { portsOf } from "#graphs/context.ts";
import type { EngineeringNode } from "#graphs/engineering/state.ts";
import { signalOf } from "../shared/signal-of.ts";
import { readModelAnswer } from "../shared/model-answer.ts";
import { NO_TOOL_CALL, developerSystem } from "#prompts/engineering/developer.ts";
import { withinBudget } from "./developer-history.ts";
import { offeredTools } from "./offered-tools.ts";

/** Answers without a tool call that are borne in a row; the next one calls a person. */
const SILENCE_BORNE = 2;

/** One model call. What it wants to do is done in `developer_tools`, so that each is a checkpoint of its own. */
export const developer: EngineeringNode = async (state, runtime) => {
  const ports = portsOf(runtime);
  const model = ports.models.chat("coder");
  // only names, descriptions and schemas are read here; developer_tools makes them again to call them
  const tools = await offeredTools(ports, state, { here: "", ...signalOf(runtime) });
  const messages = [new SystemMessage(developerSystem(state)), ...withinBudget(state.developer_messages)];
  const asking = model.bindTools?.(tools) ?? model;
  const { message } = readModelAnswer(await asking.invoke(messages, signalOf(runtime)));
  const calls = state.calls_in_round + 1;
  if ((message.tool_calls?.length ?? 0) > 0) return { developer_messages: [message], calls_in_round: calls, silent_replies: 0 };

  const silent = state.silent_replies + 1;
  const nudge = new HumanMessage({ id: `${state.delivery_id}:nudge:${state.round}:${calls}`, content: NO_TOOL_CALL });
  return {
    developer_messages: [message, nudge],
    calls_in_round: calls,
    silent_replies: silent,
    ...(silent > SILENCE_BORNE ? { stuck: "silent" } : {}),
  };
};
