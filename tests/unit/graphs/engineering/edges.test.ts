import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { describe, expect, test } from "vitest";
import { isPlanApproved, isRoundOver, isThereSomethingToTest, mayGoOn, mayPrepare, mayPromote, needsRework, wantsTools } from "#graphs/engineering/edges.ts";
import { CALLS_PER_ROUND, type Attempt, type EngineeringState } from "#graphs/engineering/state.ts";
import { attemptOf } from "./attempt-of.ts";

type Verdict = NonNullable<EngineeringState["answer"]>["verdict"];
const answered = (verdict: Verdict) => ({ answer: { approval_id: "a", verdict, message: null } });

describe("isPlanApproved", () => {
  test.each([
    ["approved", "preparer"],
    ["revise", "analyst"],
    ["rejected", "report"],
    ["again", "ask_plan_approval"],
  ] as const)("%s -> %s", (verdict, next) => expect(isPlanApproved({ ...answered(verdict), attempts: [] })).toBe(next));
  test("no answer -> ask", () => expect(isPlanApproved({ answer: null, attempts: [] })).toBe("ask_plan_approval"));
});

test("a plan whose work is done and tested goes on to the branch once it is approved", () => {
  expect(isPlanApproved({ ...answered("approved"), attempts: [attemptOf({ green: true })] })).toBe("promote");
  expect(isPlanApproved({ ...answered("approved"), attempts: [attemptOf({ green: false })] })).toBe("preparer");
});

describe("an effect without an approval on record", () => {
  test("leads back to the question", () => {
    expect([mayPrepare(answered("again")), mayPromote(answered("again"))]).toEqual(["ask_plan_approval", "ask_plan_approval"]);
    expect([mayPrepare(answered("approved")), mayPromote({ answer: null })]).toEqual(["developer", "report"]);
  });
});

describe("wantsTools", () => {
  const calling = [new AIMessage({ content: "", tool_calls: [{ id: "1", name: "read_file", args: {} }] })];
  const silent = [new AIMessage("done"), new HumanMessage("use tools")];
  test.each([
    ["calls", { stuck: null, developer_messages: calling, calls_in_round: 1 }, "developer_tools"],
    ["calls with the last call of the round", { stuck: null, developer_messages: calling, calls_in_round: CALLS_PER_ROUND }, "developer_tools"],
    ["words", { stuck: null, developer_messages: silent, calls_in_round: 1 }, "developer"],
    ["words with the last call of the round", { stuck: null, developer_messages: silent, calls_in_round: CALLS_PER_ROUND }, "commit_attempt"],
    ["stuck", { stuck: "silent", developer_messages: silent, calls_in_round: 3 }, "escalate"],
    ["a result", { stuck: null, developer_messages: [new ToolMessage({ tool_call_id: "1", content: "" })], calls_in_round: 1 }, "developer"],
  ] as const)("%s", (_name, state, next) => expect(wantsTools({ ...state, developer_messages: [...state.developer_messages] })).toBe(next));
});

describe("isRoundOver", () => {
  test.each([
    [{ stuck: null, claim: null, calls_in_round: 3 }, "developer"],
    [{ stuck: null, claim: "", calls_in_round: 3 }, "commit_attempt"],
    [{ stuck: null, claim: null, calls_in_round: CALLS_PER_ROUND }, "commit_attempt"],
    [{ stuck: "loop", claim: null, calls_in_round: 3 }, "escalate"],
  ] as const)("%j -> %s", (state, next) => expect(isRoundOver(state)).toBe(next));
});

describe("after a commit and after the tests", () => {
  const with_ = (attempt: Partial<Attempt>, stuck: string | null = null) => ({ attempts: [attemptOf(attempt)], stuck });
  test("something new is tested", () => expect(isThereSomethingToTest(with_({ changed: true }))).toBe("tester"));
  test("nothing new is reworked", () => expect(isThereSomethingToTest(with_({ changed: false }))).toBe("rework"));
  test("nothing new again is escalated", () => expect(isThereSomethingToTest(with_({ changed: false }, "no_changes"))).toBe("escalate"));
  test("green is promoted, whatever else stands there", () => expect(needsRework(with_({ green: true }, "rounds"))).toBe("promote"));
  test("red is reworked", () => expect(needsRework(with_({ green: false }))).toBe("rework"));
  test("red with nothing left is escalated", () => expect(needsRework(with_({ green: false }, "rounds"))).toBe("escalate"));
  test("no attempt is not green", () => expect(needsRework({ attempts: [], stuck: null })).toBe("rework"));
});

describe("mayGoOn", () => {
  test.each([
    ["granted", "rework"],
    ["stopped", "report"],
    ["again", "escalate"],
    ["approved", "escalate"],
  ] as const)("%s -> %s", (verdict, next) => expect(mayGoOn(answered(verdict))).toBe(next));
});
