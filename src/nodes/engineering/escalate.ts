import { z } from "zod";
import { portsOf } from "#graphs/context.ts";
import type { EngineeringNode, EngineeringState, EngineeringUpdate } from "#graphs/engineering/state.ts";
import { askHuman, type HumanAnswer } from "../shared/ask-human.ts";
import { escalationDescription } from "#prompts/engineering/escalation.ts";
import { digestOf } from "#protocol/approval-payload.ts";

const MORE_ROUNDS = 3;

const Grant = z.object({ more_rounds: z.number().int().min(1).max(20), instruction: z.string() });

/** Shows a person where it is stuck and asks how to go on. Nothing but asking happens here. */
export const escalate: EngineeringNode = (state, runtime) => {
  const { run } = portsOf(runtime);
  const stuck = state.stuck ?? "rounds";
  const answer = askHuman(
    {
      kind: "escalation",
      action: "continue_work",
      args: { more_rounds: MORE_ROUNDS, instruction: "" },
      description: escalationDescription({ language: state.language, projectName: state.project_name, stuck, attempts: state.attempts, offered: MORE_ROUNDS }),
      allowed: ["approve", "edit", "respond", "reject"],
      risk: "medium",
      digest: digestOf({ stuck, attempts: state.attempts.map((attempt) => [attempt.commit_sha, attempt.report_id]) }),
      evidence: state.attempts.map((attempt) => ({ kind: "test_report", ref: attempt.report_id })),
      argsSchema: z.toJSONSchema(Grant),
      projectId: state.project_id,
      identity: { threadId: run.threadId, branch: run.branch, occasion: `escalation:${state.delivery_id}:${state.round}:${state.calls_in_round}` },
    },
    { problem: state.ask_problem, times: state.asked_again },
  );
  return escalationVerdict(state, answer);
};

/** approve -> more rounds; edit -> as many as said, with the instruction; words -> an instruction and more rounds; reject -> stop. */
export function escalationVerdict(
  state: Pick<EngineeringState, "asked_again" | "round" | "max_rounds" | "instructions">,
  { approvalId, decision, problem }: HumanAnswer,
): EngineeringUpdate {
  const answer = { approval_id: approvalId, message: decision?.message ?? null };
  const again = (why: string): EngineeringUpdate => ({ answer: { ...answer, verdict: "again" }, asked_again: state.asked_again + 1, ask_problem: why });
  if (decision === null) return again(problem ?? "The answer could not be read.");
  const settled = { asked_again: 0, ask_problem: null };
  if (decision.type === "reject") return { ...settled, answer: { ...answer, verdict: "stopped" } };
  const grant = Grant.safeParse({ more_rounds: MORE_ROUNDS, instruction: "", ...(decision.type === "edit" ? decision.args : {}) });
  if (!grant.success) return again(`That does not fit: ${grant.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`);
  const said = [grant.data.instruction, decision.message ?? ""].map((text) => text.trim()).filter((text) => text !== "");
  return {
    ...settled,
    answer: { ...answer, verdict: "granted" },
    max_rounds: Math.max(state.max_rounds, state.round) + grant.data.more_rounds,
    instructions: [...state.instructions, ...said],
  };
}
