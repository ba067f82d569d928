import type { StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import type { Decision } from "#ports/approvals.ts";
import type { ToolCallRuling, WantedToolCall } from "#ports/decisions.ts";
import type { RunPorts } from "#ports/run.ts";
import { changedByPerson, refusedByPerson, refusedByRule } from "#prompts/shared/tool-decisions.ts";
import { useOf } from "#tools/tool-use.ts";
import type { ToolQuestion } from "#tools/tool-question.ts";
import { toolApprovalId } from "./ask-tool.ts";

export interface WishedCall {
  /** Position in the model's answer. */
  index: number;
  id: string;
  tool: StructuredToolInterface;
  args: Record<string, unknown>;
}

/** What becomes of a call: it is made, with these arguments and a remark for the model; or something else is its result. */
export type Admission = { args: Record<string, unknown>; remark: string | null } | { result: string };

export interface Admissions {
  /** By position in the model's answer. */
  admitted: ReadonlyMap<number, Admission>;
  /** What has to be asked first. While there is any, no call may be made: they are made in order. */
  questions: ToolQuestion[];
}

/** Times that one answer's calls are asked about; more are only needed where somebody edits states for sport. */
const MOST_ASKED = 20;

/**
 * Holds the calls of one answer against the rules, right before they are made:
 *
 *   allow   made
 *   deny    not made; the model reads which rule refused
 *   ask     asked about, unless the decision is on record: approve and edit make the call, reject and respond answer in its place
 *
 * Nothing of it is taken from the state, which can be edited: the rules and the decisions are read where they are kept.
 *
 * @param about.answer what makes this answer of the model another than any other of the thread
 * @param about.asked how often its calls were asked about already
 */
export async function admitCalls(
  { run, decisions }: Pick<RunPorts, "run" | "decisions">,
  calls: readonly WishedCall[],
  about: { answer: string; asked: number; projectId: string | null; language: string },
): Promise<Admissions> {
  const wanted = calls.map((call) => wantedOf(call, about.projectId));
  const rulings = await decisions.rulesOn(wanted);
  const admitted = new Map<number, Admission>();
  const questions: ToolQuestion[] = [];
  for (const [at, call] of calls.entries()) {
    const ruling = rulings[at];
    const { tool, args } = call;
    if (ruling === undefined || ruling.effect === "deny") {
      admitted.set(call.index, { result: refusedByRule(ruling?.rule ?? "none") });
    } else if (ruling.effect === "allow") {
      admitted.set(call.index, { args, remark: null });
    } else {
      const occasions = Array.from({ length: Math.min(about.asked, MOST_ASKED) + 1 }, (_, time) => `tool:${about.answer}:${call.index}:${call.id}#${time + 1}`);
      const next = occasions.at(-1) ?? "";
      const asked = occasions.slice(0, -1).map((occasion) => toolApprovalId(run, { occasion, tool: tool.name, args }));
      const decided = asked.length === 0 ? null : await decisions.find("tool", asked);
      // a rule that approved what the rules ask about was told something else than this call
      if (decided !== null && (decided.via !== "policy" || decided.decision.type === "reject"))
        admitted.set(call.index, await admissionBy(decided.decision, call));
      else questions.push(questionOf(call, next, ruling));
    }
  }
  // once, when it comes to nothing else any more
  if (questions.length === 0) await decisions.tellRuled(wanted.flatMap((call, at) => (rulings[at] === undefined ? [] : [{ ...call, ...rulings[at] }])));
  return { admitted, questions };

  async function admissionBy({ type, message, args }: Decision, call: WishedCall): Promise<Admission> {
    if (type === "approve") return { args: call.args, remark: null };
    if (type === "respond") return { result: message ?? "" };
    if (type !== "edit" || args === null) return { result: refusedByPerson(message) };
    // what a rule forbids stays forbidden, whoever writes it
    const changed = wantedOf({ ...call, args }, about.projectId);
    const [ruling] = await decisions.rulesOn([changed]);
    if (ruling?.effect === "deny") await decisions.tellRuled([{ ...changed, ...ruling }]);
    return ruling === undefined || ruling.effect === "deny" ? { result: refusedByRule(ruling?.rule ?? "none") } : { args, remark: changedByPerson(args) };
  }

  function questionOf({ tool, args }: WishedCall, occasion: string, ruling: ToolCallRuling): ToolQuestion {
    const { risk } = useOf(tool);
    const args_schema = schemaOf(tool);
    return {
      occasion,
      tool: tool.name,
      args,
      risk,
      rule: ruling.rule ?? "",
      args_schema,
      project_id: about.projectId,
      language: about.language,
      again: about.asked > 0,
    };
  }
}

function wantedOf({ id, tool, args }: WishedCall, projectId: string | null): WantedToolCall {
  return { callId: id, tool: tool.name, args, projectId, ...useOf(tool) };
}

function schemaOf({ schema }: StructuredToolInterface): unknown {
  return schema instanceof z.ZodType ? z.toJSONSchema(schema) : schema;
}
