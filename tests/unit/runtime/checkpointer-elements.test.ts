import { AIMessage, HumanMessage, SystemMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ElementTexts } from "#runtime/checkpointer-elements.ts";

const { serde } = new MemorySaver();
const write = async (element: unknown) => (await serde.dumpsTyped(element))[1];
const text = (json: Uint8Array) => new TextDecoder().decode(json);

async function remembered(element: unknown): Promise<ElementTexts> {
  const texts = new ElementTexts();
  const remember = texts.look(element);
  remember(await write(element));
  return texts;
}

const plain = fc.object({ maxDepth: 3, values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.double()] });
const content = fc.oneof(fc.string(), fc.array(fc.record({ type: fc.constant("text"), text: fc.string() }), { maxLength: 3 }));
const message = fc
  .record({ kind: fc.integer({ min: 0, max: 3 }), content, id: fc.uuid(), extra: plain })
  .map(({ kind, content: words, id, extra }): BaseMessage => {
    const fields = { content: words, id, additional_kwargs: extra };
    if (kind === 0) return new HumanMessage(fields);
    if (kind === 1) return new SystemMessage(fields);
    if (kind === 2) return new ToolMessage({ ...fields, tool_call_id: "call" });
    return new AIMessage({ ...fields, tool_calls: [{ name: "tool", args: { ...extra }, id: "call" }] });
  });

/** Changes one thing somewhere in a value, in place. `choices` say where and what. */
function change(value: unknown, choices: readonly number[], depth = 0): void {
  if (typeof value !== "object" || value === null) return;
  const [choice = 0, ...rest] = choices;
  const holder = value as Record<string, unknown>;
  const keys = Object.keys(value);
  const key = keys[choice % Math.max(1, keys.length)];
  const inner = key === undefined ? undefined : holder[key];
  if (typeof inner === "object" && inner !== null && depth < 6 && rest.length > 1) return change(inner, rest, depth + 1);
  const how = (rest[0] ?? 0) % 4;
  if (Array.isArray(value)) return void (how < 2 ? value.push(how) : value.pop());
  if (how === 0 || key === undefined) holder[`added ${choice}`] = 1;
  else if (how === 1 && !key.startsWith("lc_")) delete holder[key];
  else if (!key.startsWith("lc_")) holder[key] = how === 2 ? "changed" : { changed: [1] };
}

test("an element that nobody touched has the JSON that was written", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(message, plain), async (element) => {
      const texts = await remembered(element);
      const found = texts.find(element);
      expect(found && text(found.json)).toBe(text(await write(element)));
    }),
  );
});

test("whatever is changed in place, JSON that does not hold any more is never given out", async () => {
  let changes = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(message, plain), fc.array(fc.nat(), { minLength: 2, maxLength: 8 }), async (element, choices) => {
      const before = text(await write(element));
      const texts = await remembered(element);
      change(element, choices);
      const after = text(await write(element));
      if (before !== after) changes += 1;
      const found = texts.find(element);
      if (found !== undefined) expect(text(found.json)).toBe(after);
    }),
    { numRuns: 1_000 },
  );
  expect(changes).toBeGreaterThan(200);
});

test("what JSON may say something else about the next time is not remembered", async () => {
  class Own extends HumanMessage {}
  const now = { toJSON: () => Math.random() };
  for (const element of [new Own("hi"), new Date(), { when: new Date() }, new Map([[1, 2]]), { at: new Set([1]) }, now, { now }]) {
    expect((await remembered(element)).find(element)).toBeUndefined();
  }
});
