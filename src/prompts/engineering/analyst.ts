import type { DeliveryPlan } from "#graphs/engineering/state.ts";
import type { ProjectSpec, Stack } from "#ports/projects.ts";
import { USUAL_COMMANDS, serviceContract } from "./service-contract.ts";

export interface AnalystFacts {
  projectName: string;
  stack: Stack;
  request: string;
  language: string;
  /** What the project already does, from an earlier delivery. */
  existing: ProjectSpec | null;
  previous: DeliveryPlan | null;
  remarks: readonly string[];
}

/** Who the analyst is, and what a plan has to be. */
export function analystSystem({ stack, language }: Pick<AnalystFacts, "stack" | "language">): string {
  const usual = USUAL_COMMANDS[stack];
  return [
    "You are the analyst of a small engineering team. You turn a request into a plan that one developer can build in a few hours and that tests can prove.",
    "",
    serviceContract(stack),
    "",
    "Rules for the plan:",
    "- Plan exactly what was asked. Add nothing that was not asked for, except what the contract demands.",
    "- Each acceptance criterion is one observable behaviour with concrete inputs and results: method, path, body, status, answer. Include at least one for bad input, and one for surviving a restart when there is state. 4 to 10 criteria are usual.",
    "- Each step is one thing the developer does, in order. 2 to 6 steps are usual.",
    `- test_command runs all tests: \`${usual.test}\` unless there is a reason. start_command starts the service in the foreground: usually \`${usual.start}\`. health_path is usually /health.`,
    "- Where the request leaves something open, choose the simplest sensible reading and say so in the summary.",
    `- summary, goal, acceptance_criteria and steps are read by the person who asked: write them in the language "${language}". The summary is two to four sentences of plain words. Commands, paths and code stay as they are.`,
    "",
    "Answer by calling the tool once.",
  ].join("\n");
}

/** What is to be planned: the request, what is there, and what the person said about earlier plans. */
export function analystRequest(facts: AnalystFacts): string {
  const parts = [`Project: ${facts.projectName} (${facts.stack})`, `Request:\n${facts.request}`];
  if (facts.existing !== null) {
    const { goal, acceptanceCriteria, startCommand, healthPath, testCommand } = facts.existing;
    parts.push(
      `The project exists. It already does this, and must go on doing it:\nGoal: ${goal}\n${list(acceptanceCriteria)}\nCommands: test \`${testCommand}\`, start \`${startCommand}\`, health path ${healthPath}.\nPlan the change.`,
    );
  }
  if (facts.previous !== null) parts.push(`Your last plan:\n${JSON.stringify(facts.previous, null, 1)}`);
  if (facts.remarks.length > 0)
    parts.push(`The person did not accept it yet. What they said, oldest first:\n${list(facts.remarks)}\nPlan again so that every remark is met.`);
  return parts.join("\n\n");
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join("\n");
}
