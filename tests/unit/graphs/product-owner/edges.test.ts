import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { END } from "@langchain/langgraph";
import { describe, expect, test } from "vitest";
import { isAnswered, isIntentKnown, isSomethingAsked, wantsTools, whatArrived, whatFollowsTheNews } from "#graphs/product-owner/edges.ts";
import type { Mirrored, Outcome, ProductOwnerState } from "#graphs/product-owner/state.ts";
import { toolsFor } from "#nodes/product-owner/choose-capabilities.ts";
import type { StartedWork } from "#tools/started-work.ts";

const PROJECT = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
const work: StartedWork = { call: "c", team: "engineering", threadId: "t", projectId: PROJECT, projectName: "polls", deliver: "service", status: "running" };
const green = {
  status: "green",
  project_id: PROJECT,
  delivery_id: PROJECT,
  commit_sha: "s",
  report_id: "r",
  tests: null,
  rounds: 1,
  start_command: null,
  health_path: null,
  summary: "",
};
const done: Outcome = { call: "c", team: "engineering", threadId: "t", status: "done", result: green, error: null };
const human = new HumanMessage({ id: "h", content: "hi" });
const state = (changes: Partial<ProductOwnerState>): ProductOwnerState => ({
  messages: [human],
  outcome: null,
  intent: null,
  language: "en",
  tools: [],
  works: { c: work },
  handled: "h",
  turns: 0,
  tool_questions: [],
  tools_asked: 0,
  question: null,
  asked: 0,
  reply: null,
  problem: null,
  ...changes,
});

const call: ProductOwnerState["tool_questions"][number] = {
  occasion: "tool:m:0:1#1",
  tool: "mcp_x",
  args: {},
  risk: "medium",
  rule: "everything",
  args_schema: null,
  project_id: null,
  language: "en",
  again: false,
};

describe("what arrived", () => {
  test.each([
    ["a message", state({ handled: null }), "parse_intent"],
    ["nothing new", state({}), "collect_approvals"],
    ["no message at all", state({ messages: [], handled: null }), "collect_approvals"],
    ["news", state({ outcome: done }), "announce"],
    ["news of somebody else's call", state({ outcome: { ...done, call: "x" } }), "collect_approvals"],
    ["news of a call named like a prototype's field", state({ outcome: { ...done, call: "constructor" } }), "collect_approvals"],
    ["a decision made elsewhere", state({ outcome: { ...done, status: "decided" } }), "collect_approvals"],
    ["stale news and a message: the news first", state({ outcome: done, handled: null }), "announce"],
  ] as const)("%s", (_name, given, next) => expect(whatArrived(given)).toBe(next));
});

describe("what follows the news", () => {
  test.each([
    ["green and wanted as a service", {}, "start_devops"],
    ["green, code only", { works: { c: { ...work, deliver: "code" as const } } }, "collect_approvals"],
    ["green, deployment started already", { works: { c: work, "c:deploy": work } }, "collect_approvals"],
    ["given up", { outcome: { ...done, result: { ...green, status: "given_up" } } }, "collect_approvals"],
    ["a result nobody can read", { outcome: { ...done, result: "green" } }, "collect_approvals"],
    ["only waiting", { outcome: { ...done, status: "waiting" as const } }, "collect_approvals"],
    ["devops done", { outcome: { ...done, team: "devops" as const }, works: { c: { ...work, team: "devops" as const } } }, "collect_approvals"],
    ["a message came before the news were told", { outcome: { ...done, status: "failed" as const }, handled: null }, "parse_intent"],
  ])("%s", (_name, changes, next) => expect(whatFollowsTheNews(state({ outcome: done, ...changes }))).toBe(next));
});

test("the others, in one table", () => {
  const intent = { kind: "build" as const, language: "en", groups: [], clear: true, missing: [], deliver: "service" as const };
  const question: Mirrored = {
    id: PROJECT,
    call: "c",
    kind: "plan",
    action: "a",
    args: {},
    description: "",
    digest: null,
    risk: "low",
    allowed: ["approve"],
    argsSchema: null,
    evidence: [],
    projectId: null,
  };
  expect(isIntentKnown(state({ intent }))).toBe("choose_capabilities");
  expect(isIntentKnown(state({}))).toBe("collect_approvals");
  expect(wantsTools(state({ messages: [human, new AIMessage({ content: "", tool_calls: [{ id: "1", name: "x", args: {} }] })] }))).toBe("work_tools");
  expect(wantsTools(state({ messages: [human, new AIMessage("done")] }))).toBe("collect_approvals");
  expect(isSomethingAsked(state({ question }))).toBe("ask_approval");
  expect(isSomethingAsked(state({}))).toBe(END);
  expect(isSomethingAsked(state({ tool_questions: [call] }))).toBe("work_tools");
  expect(isSomethingAsked(state({ question, tool_questions: [call] }))).toBe("ask_approval");
  expect(isAnswered(state({ reply: { type: "approve", message: null, args: null } }))).toBe("forward_decision");
  expect(isAnswered(state({}))).toBe("collect_approvals");
});

describe("tools are loaded by registry", () => {
  const of = (changes: Partial<Parameters<typeof toolsFor>[0]>) =>
    toolsFor({ kind: "build", language: "en", groups: [], clear: true, missing: [], deliver: "service", ...changes });
  test.each([
    [{}, ["start_delivery", "delivery_status", "stop_delivery"]],
    [{ clear: false }, []],
    [{ clear: false, kind: "change" as const }, ["list_projects", "show_project"]],
    [{ kind: "refuse" as const, groups: ["delivery" as const] }, []],
    [{ kind: "chat" as const }, []],
    [{ kind: "operate" as const }, ["deploy", "rollback", "undeploy", "service_status", "service_logs"]],
    [{ kind: "ask" as const, groups: ["projects" as const], clear: false }, ["list_projects", "show_project"]],
  ])("%o", (changes, names) => expect(of(changes)).toEqual(names));
});
