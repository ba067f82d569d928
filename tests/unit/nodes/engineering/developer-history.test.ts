import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { expect, test } from "vitest";
import { withinBudget } from "#nodes/engineering/developer-history.ts";

const history = [
  new HumanMessage("brief"),
  ...Array.from({ length: 6 }, (_each, index) => [
    new AIMessage({ content: "", tool_calls: [{ id: `c${index}`, name: "read_file", args: {} }] }),
    new ToolMessage({ id: `t${index}`, tool_call_id: `c${index}`, name: "read_file", content: `${index}`.repeat(2_000) }),
  ]).flat(),
];

test("a short conversation is sent as it is", () => expect(withinBudget(history)).toEqual(history));

test("the oldest tool results are shortened first, and every call keeps its result", () => {
  const sent = withinBudget(history, 6_000);
  expect(sent).toHaveLength(history.length);
  const results = sent.filter((message) => ToolMessage.isInstance(message));
  expect(results.map((message) => message.tool_call_id)).toEqual(["c0", "c1", "c2", "c3", "c4", "c5"]);
  expect(results[0]?.text.length).toBeLessThan(600);
  expect(results[5]?.text).toBe("5".repeat(2_000));
});
