import type { ModelReply, ModelRequest } from "./model-endpoint.ts";

/** What a scripted team says. The analyst's one answer, then the developer's by round and call. */
export const PLAN = {
  summary: "A service that adds two numbers.",
  goal: "Add numbers over HTTP",
  acceptance_criteria: ["add(2, 3) is 5", "add(-1, 1) is 0"],
  steps: ["Write add", "Write its tests"],
  test_command: "node --test",
  start_command: "node src/server.js",
  health_path: "/health",
};

export interface DeveloperCall {
  /** From 1, as the packet says it. */
  round: number;
  /** Answers of the developer in this round so far. */
  answered: number;
  request: ModelRequest;
}

/** The developer's tools are offered without force; the analyst's one tool is forced. */
export function teamScript(developer: (call: DeveloperCall) => ModelReply, plan: Record<string, unknown> = PLAN): (request: ModelRequest) => ModelReply {
  return (request) => {
    if (request.tools?.some((tool) => tool.function.name === "propose_plan")) return { toolCalls: [{ name: "propose_plan", arguments: plan }] };
    const brief = request.messages.find((message) => message.role === "user")?.content ?? "";
    const before = /Round (\d+) is not green/.exec(brief)?.[1];
    return developer({ round: Number(before ?? 0) + 1, answered: request.messages.filter((message) => message.role === "assistant").length, request });
  };
}

export const write = (path: string, content: string) => ({ name: "write_file", arguments: { path, content } });
export const finish = (summary = "Added add.") => ({ name: "finish", arguments: { summary } });

export const WRONG_ADD = "export function add(a, b) {\n  return a - b;\n}\n";
export const RIGHT_ADD = "export function add(a, b) {\n  return a + b;\n}\n";
export const ADD_TEST = `import test from "node:test";
import assert from "node:assert/strict";
import { add } from "../src/add.js";

test("adds", () => {
  assert.equal(add(2, 3), 5);
});

test("adds negative numbers", () => {
  assert.equal(add(-1, 1), 0);
});
`;
