import { createHash } from "node:crypto";
import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { AppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import type { EngineeringNode } from "#graphs/engineering/state.ts";
import { REPEATED_ACTION } from "#prompts/engineering/developer.ts";
import { admitCalls, type Admission, type WishedCall } from "../shared/admit-calls.ts";
import { signalOf } from "../shared/signal-of.ts";
import { Finish, FINISH, offeredTools } from "./offered-tools.ts";
import { runCall, type Call } from "./run-call.ts";
import { stableText } from "./stable-text.ts";
import { keepTree, restoreTree } from "./working-tree.ts";

const ACTIONS_REMEMBERED = 12;
/** The same call with the same result: told at the third, a person is called at the sixth. */
const REPEATS_TOLD = 3;
const REPEATS_BORNE = 6;

/**
 * Runs one batch of tool calls, in order, once the rules and the people they ask have had their say: until then it does nothing but hand on
 * the questions. The files are first put into the state this checkpoint knows and kept afterwards, so that a
 * batch that was killed half way, replayed or forked starts from the same files.
 */
export const developerTools: EngineeringNode = async (state, runtime) => {
  const ports = portsOf(runtime);
  const answer = state.developer_messages.findLast((message) => AIMessage.isInstance(message));
  if (answer === undefined) throw new AppError("internal", "There is no answer with tool calls.");
  const { path } = await ports.workspaces.open(state.delivery_id);
  const tools = await offeredTools(ports, state, { here: path, ...signalOf(runtime) });

  const { admitted, questions } = await admitCalls(ports, callsOf(answer, tools), {
    answer: [state.delivery_id, state.round, state.calls_in_round].join(":"),
    asked: state.tools_asked,
    projectId: state.project_id,
    language: state.language,
  });
  if (questions.length > 0) return { tool_questions: questions, tools_asked: state.tools_asked + 1 };
  await restoreTree(ports, state);

  const results: BaseMessage[] = [];
  let actions = state.recent_actions;
  let claim: string | null = null;
  let repeats = 0;
  for (const [index, call] of (answer.tool_calls ?? []).entries()) {
    runtime.signal?.throwIfAborted();
    const id = call.id ?? `call_${index}`;
    const content = await runAdmitted(tools, call, answer, admitted.get(index));
    results.push(new ToolMessage({ id: `${answer.id}:${index}`, tool_call_id: id, name: call.name, content }));
    if (call.name === FINISH) claim = Finish.safeParse(call.args).data?.summary ?? "";
    const action = fingerprint(call.name, call.args, content);
    actions = [...actions, action].slice(-ACTIONS_REMEMBERED);
    repeats = Math.max(repeats, actions.filter((each) => each === action).length);
  }
  if (claim === null && repeats === REPEATS_TOLD) {
    results.push(new HumanMessage({ id: `${answer.id}:repeated`, content: REPEATED_ACTION }));
  }
  return {
    developer_messages: results,
    recent_actions: actions,
    claim,
    ...(state.tools_asked === 0 ? {} : { tool_questions: [], tools_asked: 0 }),
    tree: await keepTree(ports, state, `${state.round}-${state.calls_in_round}`),
    ...(claim === null && repeats >= REPEATS_BORNE ? { stuck: "loop" } : {}),
  };
};

/** The calls that would do something. What is no tool, or no call, is answered with what is wrong; `finish` only says that the work is done. */
function callsOf(answer: AIMessage, tools: readonly StructuredToolInterface[]): WishedCall[] {
  const malformed = new Set((answer.invalid_tool_calls ?? []).map((each) => each.id));
  return (answer.tool_calls ?? []).flatMap((call, index) => {
    const chosen = tools.find((each) => each.name === call.name);
    if (chosen === undefined || call.name === FINISH || malformed.has(call.id)) return [];
    return [{ index, id: call.id ?? `call_${index}`, tool: chosen, args: call.args }];
  });
}

async function runAdmitted(tools: readonly StructuredToolInterface[], call: Call, answer: AIMessage, admission: Admission | undefined): Promise<string> {
  if (admission === undefined) return runCall(tools, call, answer);
  if ("result" in admission) return admission.result;
  const content = await runCall(tools, { ...call, args: admission.args }, answer);
  return admission.remark === null ? content : `${admission.remark}\n${content}`;
}

function fingerprint(name: string, args: unknown, result: string): string {
  return createHash("sha256")
    .update(`${name}\n${JSON.stringify(args)}\n${stableText(result)}`)
    .digest("hex")
    .slice(0, 16);
}
