import { AIMessage, AIMessageChunk, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { expect, test } from "vitest";
import { MessageStream } from "#runtime/thread-events/message-stream.ts";

type Data = Record<string, unknown> & { event: string };

/** A stream and a model that speaks into it, at the pace of the test. */
function listening() {
  const said: Data[] = [];
  const stream = new MessageStream((_namespace, data) => said.push(data));
  const give = (runId: string, message: AIMessageChunk) => {
    const fields = { chunk: new ChatGenerationChunk({ text: "", message }) };
    stream.calls.handleLLMNewToken("", { prompt: 0, completion: 0 }, runId, undefined, undefined, fields);
  };
  const end = (runId: string, message: AIMessage) => stream.calls.handleLLMEnd({ generations: [[{ text: "", message } as never]] }, runId);
  const take = (message: unknown) => stream.take(["agent:1"], [message, {}]);
  const speak = (runId: string, message: AIMessageChunk) => {
    give(runId, message);
    take(message);
  };
  return { said, stream, give, end, take, speak };
}

const text = (content: string, id = "m1") => new AIMessageChunk({ content, id });
const call = (index: number, piece: { id?: string; name?: string; args: string }) =>
  new AIMessageChunk({ content: "", id: "m1", tool_call_chunks: [{ type: "tool_call_chunk", index, ...piece }] });
const names = (said: Data[]) => said.map(({ event, index }) => (index === undefined ? event : `${event} ${String(index)}`));

test("a text and two interleaved tool calls are three blocks, finished in order", () => {
  const { said, end, speak } = listening();
  speak("r1", text("I look."));
  speak("r1", call(0, { id: "a", name: "weather", args: '{"city":' }));
  speak("r1", call(1, { id: "b", name: "time", args: "{" }));
  speak("r1", call(0, { args: '"Bern"}' }));
  speak("r1", call(1, { args: "}" }));
  expect(names(said).at(-1)).toBe("content-block-delta 2");
  end("r1", new AIMessage({ content: "", response_metadata: { finish_reason: "tool_calls" } }));
  expect(said.filter(({ event }) => event === "content-block-finish").map(({ content }) => content)).toEqual([
    { type: "text", text: "I look." },
    { type: "tool_call", id: "a", name: "weather", args: { city: "Bern" } },
    { type: "tool_call", id: "b", name: "time", args: {} },
  ]);
  expect(said.at(-1)).toMatchObject({ event: "message-finish", reason: "tool_use", run_id: "r1" });
});

test("arguments that are no JSON become an invalid tool call", () => {
  const { said, end, speak } = listening();
  speak("r1", call(0, { id: "a", name: "weather", args: "{oops" }));
  end("r1", new AIMessage(""));
  expect(said.find(({ event }) => event === "content-block-finish")?.["content"]).toMatchObject({ type: "invalid_tool_call", args: "{oops" });
});

test("reasoning and text of a provider that streams blocks", () => {
  const { said, end, speak } = listening();
  const part = (block: Record<string, unknown>) => new AIMessageChunk({ id: "m1", content: [block] as never });
  speak("r1", part({ type: "reasoning", reasoning: "Hm", index: 0 }));
  speak("r1", part({ type: "reasoning", reasoning: "m", index: 0 }));
  speak("r1", part({ type: "text", text: "Yes", index: 1 }));
  end("r1", new AIMessage(""));
  expect(said.filter(({ event }) => event === "content-block-delta").map(({ delta }) => delta)).toEqual([
    { type: "reasoning-delta", reasoning: "Hm" },
    { type: "reasoning-delta", reasoning: "m" },
    { type: "text-delta", text: "Yes" },
  ]);
  expect(said.filter(({ event }) => event === "content-block-finish").map(({ content }) => content)).toEqual([
    { type: "reasoning", reasoning: "Hmm" },
    { type: "text", text: "Yes" },
  ]);
});

test("a message finishes once its model has and its last piece is through, with usage", () => {
  const { said, give, end, take } = listening();
  const [first, last] = [text("He"), text("llo")];
  give("r1", first);
  give("r1", last);
  take(first);
  const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
  end("r1", Object.assign(new AIMessage({ content: "Hello", response_metadata: { finish_reason: "length" } }), { usage_metadata: usage }));
  expect(names(said).at(-1)).toBe("content-block-delta 0");
  take(last);
  expect(said.slice(-2)).toEqual([
    { event: "content-block-finish", index: 0, content: { type: "text", text: "Hello" }, run_id: "r1" },
    {
      event: "message-finish",
      reason: "length",
      usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
      responseMetadata: { finish_reason: "length" },
      run_id: "r1",
    },
  ]);
});

test("two models at once are told apart, and one that fails ends its message", () => {
  const { said, stream, speak, end } = listening();
  speak("r1", text("a", "m1"));
  speak("r2", text("b", "m2"));
  stream.calls.handleLLMError(new Error("away"), "r1");
  speak("r2", text("c", "m2"));
  end("r2", new AIMessage("bc"));
  expect(said.filter(({ run_id }) => run_id === "r1").at(-1)).toEqual({ event: "error", message: "away", run_id: "r1" });
  expect(said.filter(({ run_id, event }) => run_id === "r2" && event === "content-block-finish")[0]?.["content"]).toEqual({ type: "text", text: "bc" });
});

test("whole messages are told whole, with their role; results of tools are not messages here", () => {
  const { said, take } = listening();
  take(new HumanMessage({ content: "Hi", id: "h1" }));
  take(new AIMessage({ content: "", id: "a1", tool_calls: [{ id: "c1", name: "weather", args: { city: "Bern" } }] }));
  take(new ToolMessage({ content: "x", tool_call_id: "c1" }));
  expect(said[0]).toEqual({ event: "message-start", id: "h1", role: "human", run_id: "h1" });
  expect(names(said)).toEqual([
    "message-start",
    "content-block-start 0",
    "content-block-delta 0",
    "content-block-finish 0",
    "message-finish",
    "message-start",
    "content-block-start 0",
    "content-block-delta 0",
    "content-block-finish 0",
    "message-finish",
  ]);
  expect(said.at(-2)?.["content"]).toEqual({ type: "tool_call", id: "c1", name: "weather", args: { city: "Bern" } });
});

test("what is open when the run ends is finished", () => {
  const { said, stream, speak } = listening();
  speak("r1", text("half"));
  stream.close();
  expect(said.at(-1)).toMatchObject({ event: "message-finish" });
});
