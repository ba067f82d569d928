import { MessagesValue, StateSchema, type GraphNode } from "@langchain/langgraph";
import { z } from "zod";
import type { ProjectSpec, Stack } from "#ports/projects.ts";
import { ToolQuestion } from "#tools/tool-question.ts";
import { EngineeringOrder, EngineeringResult } from "#protocol/team-work.ts";

/** What the analyst proposes, the person approves or edits, and the developer builds. The person reads all of it, in their language. */
export const DeliveryPlan = z.object({
  summary: z.string().min(1),
  goal: z.string().min(1),
  acceptance_criteria: z.array(z.string().min(1)).min(1),
  steps: z.array(z.string().min(1)).min(1),
  test_command: z.string().min(1),
  start_command: z.string().min(1),
  health_path: z.string().regex(/^\/\S*$/),
});
export type DeliveryPlan = z.infer<typeof DeliveryPlan>;

/** One reason why an attempt is not green: the harness's findings, and ours over the rounds. */
export const Finding = z.object({ code: z.string(), blocking: z.boolean(), message: z.string() });
export type Finding = z.infer<typeof Finding>;

/** One round's commit and what the harness saw of it. The report itself is in the tests port. */
export const Attempt = z.object({
  round: z.number(),
  commit_sha: z.string(),
  tree_sha: z.string(),
  /** False when the commit holds nothing new: then no test was run. */
  changed: z.boolean(),
  report_id: z.string(),
  outcome: z.string(),
  green: z.boolean(),
  totals: z.object({ executed: z.number(), passed: z.number(), failed: z.number(), skipped: z.number() }),
  failing: z.array(z.string()),
  /** Failing ids and the first message: two attempts with the same fingerprint failed in the same way. */
  fingerprint: z.string(),
  findings: z.array(Finding),
});
export type Attempt = z.infer<typeof Attempt>;

const PersonsAnswer = z.object({
  approval_id: z.string(),
  /** What happens now; `again` when the answer could not be read. */
  verdict: z.enum(["approved", "revise", "rejected", "granted", "stopped", "again"]),
  message: z.string().nullable(),
});

/** Model calls of one round; then what is there gets tested. */
export const CALLS_PER_ROUND = 40;
/** Rounds of one order; then a person is asked. */
export const ROUNDS = 5;

/** Facts that must survive a crash. Keys are snake_case because clients read them as the thread's values. */
export const EngineeringState = new StateSchema({
  ...EngineeringOrder.shape,

  /** Counts the orders of this thread; the first one's delivery has the thread's id. */
  orders: z.number().default(0),
  delivery_id: z.string().default(""),

  plan: DeliveryPlan.nullable().default(null),
  plan_revision: z.number().default(0),
  /** What the person said about earlier versions of the plan. */
  plan_remarks: z.array(z.string()).default(() => []),
  answer: PersonsAnswer.nullable().default(null),
  /** How often the current question was asked again, and why. */
  asked_again: z.number().default(0),
  ask_problem: z.string().nullable().default(null),

  branch: z.string().nullable().default(null),
  base_sha: z.string().nullable().default(null),
  baseline_report_id: z.string().nullable().default(null),
  /** Ids of tests of the base commit, and of every test that ran since: none may vanish. */
  base_tests: z.array(z.string()).default(() => []),
  known_tests: z.array(z.string()).default(() => []),

  round: z.number().default(0),
  max_rounds: z.number().default(ROUNDS),
  /** The developer's own conversation; replaced by a packet at each round. */
  developer_messages: MessagesValue,
  calls_in_round: z.number().default(0),
  /** Answers in a row without a tool call. */
  silent_replies: z.number().default(0),
  /** Fingerprints of the newest tool calls with their results. */
  recent_actions: z.array(z.string()).default(() => []),
  /** The developer says that the round is done. A claim, nothing else. */
  claim: z.string().nullable().default(null),
  /** Commit of the working tree as this checkpoint knows it; files move with the checkpoint. */
  tree: z.string().nullable().default(null),

  /** Calls of the newest answer that a person is asked about before any of them is made. */
  tool_questions: z.array(ToolQuestion).default(() => []),
  /** How often the newest answer's calls were asked about. */
  tools_asked: z.number().default(0),

  attempts: z.array(Attempt).default(() => []),
  /** Why a person is needed, or null. */
  stuck: z.string().nullable().default(null),
  /** What the person added while the work was going on. */
  instructions: z.array(z.string()).default(() => []),

  result: EngineeringResult.nullable().default(null),
});
export type EngineeringState = typeof EngineeringState.State;
export type EngineeringUpdate = typeof EngineeringState.Update;
export type EngineeringNode = GraphNode<typeof EngineeringState>;

/** What a project keeps of an approved plan. */
export function specOf(plan: DeliveryPlan, stack: Stack): ProjectSpec {
  return {
    goal: plan.goal,
    stack,
    acceptanceCriteria: plan.acceptance_criteria,
    testCommand: plan.test_command,
    startCommand: plan.start_command,
    healthPath: plan.health_path,
  };
}

/** The newest attempt, or null before the first. */
export function lastAttempt(state: Pick<EngineeringState, "attempts">): Attempt | null {
  return state.attempts.at(-1) ?? null;
}
