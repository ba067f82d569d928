import { describe, expect, test } from "vitest";
import { WireRequest, canonicalRequest, requestKey } from "#models/request-key.ts";

const request = (changes: Record<string, unknown> = {}) =>
  WireRequest.parse({
    model: "a",
    stream: true,
    messages: [
      { role: "system", content: "Write code." },
      { role: "user", content: "Go" },
      { role: "assistant", content: "", tool_calls: [{ id: "call_x", type: "function", function: { name: "read_file", arguments: '{"path":"a"}' } }] },
      { role: "tool", tool_call_id: "call_x", content: "text" },
    ],
    tools: [{ type: "function", function: { name: "read_file", parameters: { a: 1, b: 2 } } }],
    ...changes,
  });
const key = (changes?: Record<string, unknown>) => requestKey(canonicalRequest(request(changes)));

describe("two requests are the same", () => {
  test("whatever the model is called and however the answer travels", () => {
    expect(key({ model: "b", stream: false, stream_options: { include_usage: true } })).toBe(key());
  });

  test("whatever the order of keys in a tool", () => {
    expect(key({ tools: [{ function: { parameters: { b: 2, a: 1 }, name: "read_file" }, type: "function" }] })).toBe(key());
  });

  test("whatever the ids of tool calls, as long as they belong together", () => {
    const renamed = request();
    for (const message of renamed.messages) {
      for (const call of message.tool_calls ?? []) call.id = "other";
      if (message.tool_call_id) message.tool_call_id = "other";
    }
    expect(requestKey(canonicalRequest(renamed))).toBe(key());
  });

  test("when a reasoning model gets its system text under another role", () => {
    const [, ...rest] = request().messages;
    expect(key({ messages: [{ role: "developer", content: "Write code." }, ...rest] })).toBe(key());
  });
});

describe("two requests differ", () => {
  test.each([
    ["by a word", { messages: [{ role: "user", content: "Stop" }] }],
    ["by a tool", { tools: [] }],
    ["by a parameter", { temperature: 0 }],
    ["by the choice of tool", { tool_choice: "required" }],
    ["by the form of the answer", { response_format: { type: "json_object" } }],
  ])("%s", (_name, changes) => expect(key(changes)).not.toBe(key()));
});
