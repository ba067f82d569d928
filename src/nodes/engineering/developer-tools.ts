import { createHash } from "node:crypto";
import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { tool, ToolInputParsingException, type StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import { AppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import type { EngineeringNode, EngineeringState } from "#graphs/engineering/state.ts";
import { admitCalls, type Admission, type WishedCall } from "../shared/admit-calls.ts";
import { signalOf } from "../shared/signal-of.ts";
import type { RunPorts } from "#ports/run.ts";
import { REPEATED_ACTION, malformedArguments, unknownTool } from "#prompts/engineering/developer.ts";
import { makeCommandTool } from "#tools/command.ts";
import { makeFileTools } from "#tools/files.ts";
import { makeGitTools } from "#tools/git.ts";
import { makeMcpTools } from "#tools/mcp-tools.ts";
import { stableText } from "./stable-text.ts";
import { keepTree, restoreTree } from "./working-tree.ts";

const ACTIONS_REMEMBERED = 12;
/** The same call with the same result: told at the third, a person is called at the sixth. */
const REPEATS_TOLD = 3;
const REPEATS_BORNE = 6;

const FINISH = "finish";

const Finish = z.object({ summary: z.string().describe("what you built or changed, one or two sentences") });

/** What the developer may do. `here` is the workspace's absolute path, which is kept out of what it reads. */
export function developerTools(
  ports: Pick<RunPorts, "workspaces" | "commands">,
  state: Pick<EngineeringState, "delivery_id" | "project_id" | "branch">,
  options: { here: string; signal?: AbortSignal },
): StructuredToolInterface[] {
  const deliveryId = state.delivery_id;
  return [
    ...makeFileTools(ports.workspaces, deliveryId),
    makeCommandTool(ports.commands, { deliveryId, ...options }),
    ...makeGitTools(ports.workspaces, { deliveryId, projectId: state.project_id, branch: state.branch ?? "HEAD" }),
    tool(() => "Slipway commits your work and runs the tests.", {
      name: FINISH,
      description: "Call this when the work is complete and its tests pass. Slipway commits it and runs the tests itself.",
      schema: Finish,
    }),
  ];
}

/**
 * Runs one batch of tool calls, in order, once the rules and the people they ask have had their say: until then it does nothing but hand on
 * the questions. The files are first put into the state this checkpoint knows and kept afterwards, so that a
 * batch that was killed half way, replayed or forked starts from the same files.
 */
export const developerToolsNode: EngineeringNode = async (state, runtime) => {
  const ports = portsOf(runtime);
  const answer = state.developer_messages.findLast((message) => AIMessage.isInstance(message));
  if (answer === undefined) throw new AppError("internal", "There is no answer with tool calls.");
  const { path } = await ports.workspaces.open(state.delivery_id);
  const tools = [...developerTools(ports, state, { here: path, ...signalOf(runtime) }), ...(await makeMcpTools(ports.mcp, signalOf(runtime)))];

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

type Call = NonNullable<AIMessage["tool_calls"]>[number];

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

/** What a call answers; what does not fit is told to the model. */
export async function runCall(tools: readonly StructuredToolInterface[], call: Call, answer: AIMessage): Promise<string> {
  const malformed = (answer.invalid_tool_calls ?? []).find((each) => each.id === call.id);
  if (malformed !== undefined) return malformedArguments(call.name, malformed.args ?? "");
  const chosen = tools.find((each) => each.name === call.name);
  if (chosen === undefined)
    return unknownTool(
      call.name,
      tools.map((each) => each.name),
    );
  const schema = chosen.schema;
  const args = schema instanceof z.ZodType ? schema.safeParse(call.args) : { success: true as const, data: call.args };
  if (!args.success) return `Error: the arguments do not fit: ${z.prettifyError(args.error)}`;
  try {
    return String(await chosen.invoke(call.args));
  } catch (error) {
    if (error instanceof ToolInputParsingException) return `Error: the arguments do not fit: ${error.message}`;
    throw error;
  }
}

function fingerprint(name: string, args: unknown, result: string): string {
  return createHash("sha256")
    .update(`${name}\n${JSON.stringify(args)}\n${stableText(result)}`)
    .digest("hex")
    .slice(0, 16);
}
