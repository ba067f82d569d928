import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { modelHistory } from "#nodes/shared/model-history.ts";
import { keepsFacts } from "#nodes/shared/say-in.ts";
import { MALFORMED, tidyAnswer } from "#nodes/shared/tidy-answer.ts";

const call = (id: string) => ({ id, name: "x", args: {} });

describe("what a model gets to read", () => {
  test("any conversation, cut anywhere, has every call answered right after it and begins with the person", () => {
    const message = fc.oneof(
      fc.constant(new HumanMessage("hi")),
      fc.constant(new AIMessage("hello")),
      fc.constant(new AIMessage("")),
      fc
        .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 })
        .map((ids) => new AIMessage({ content: "", tool_calls: [...new Set(ids)].map(call) })),
      fc.constantFrom("a", "b", "c", "z").map((id) => new ToolMessage({ tool_call_id: id, content: "r" })),
    );
    fc.assert(
      fc.property(fc.array<BaseMessage>(message, { maxLength: 150 }), (messages) => {
        const read = modelHistory([new HumanMessage("first"), ...messages]);
        expect(HumanMessage.isInstance(read[0])).toBe(true);
        for (const [index, one] of read.entries()) {
          const calls = AIMessage.isInstance(one) ? (one.tool_calls ?? []) : [];
          const answers = read.slice(index + 1, index + 1 + calls.length);
          expect(answers.map((answer) => (ToolMessage.isInstance(answer) ? answer.tool_call_id : null))).toEqual(calls.map((asked) => asked.id));
        }
        expect(read.filter((one) => ToolMessage.isInstance(one)).length).toBe(
          read.reduce((sum, one) => sum + (AIMessage.isInstance(one) ? (one.tool_calls?.length ?? 0) : 0), 0),
        );
      }),
    );
  });
});

describe("an answer that is safe to keep", () => {
  const history = [new HumanMessage({ id: "h", content: "hi" }), new AIMessage({ id: "m", content: "", tool_calls: [call("call_0")] })];

  test("gets ids of its own where the endpoint repeats them or gives none, the same ones when run again", () => {
    const answer = new AIMessage({ id: "m", content: "", tool_calls: [call("call_0"), call("call_1"), { name: "x", args: {} }] });
    const tidy = tidyAnswer(answer, history);
    expect(tidy.id).not.toBe("m");
    const ids = tidy.tool_calls?.map((one) => one.id) ?? [];
    expect(ids).not.toContain("call_0");
    expect(ids[1]).toBe("call_1");
    expect(new Set(ids).size).toBe(3);
    expect(tidyAnswer(answer, history)).toEqual(tidy);
  });

  test("keeps what was fine, and carries broken arguments as a call that can be answered", () => {
    const tidy = tidyAnswer(new AIMessage({ id: "n", content: "text", invalid_tool_calls: [{ id: "bad", name: "x", args: "{oops" }] }), history);
    expect(tidy).toMatchObject({ id: "n", content: "text", tool_calls: [{ id: "bad", name: "x", args: { [MALFORMED]: "{oops" } }] });
  });
});

test.each([
  ["Deployed: http://a.localhost:2080", "Fertig: http://a.localhost:2080", true],
  ["7 of 7 passed", "alle bestanden", false],
  ["needs `API_KEY`", "braucht `API_SCHLÜSSEL`", false],
  ["anything", "", false],
])("a translation of %j by %j holds: %s", (original, translated, holds) => expect(keepsFacts(original, translated)).toBe(holds));
