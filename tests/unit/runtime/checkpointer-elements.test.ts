import { AIMessage, HumanMessage, HumanMessageChunk, SystemMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
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

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

test(`of many elements, whose shapes are shared, each is compared with what it was itself (SEED=${seed})`, async () => {
  let changes = 0;
  let kept = 0;
  const step = fc.record({
    at: fc.nat(),
    how: fc.constantFrom("change" as const, "swap" as const, "write" as const),
    other: fc.nat(),
    choices: fc.array(fc.nat(), { minLength: 2, maxLength: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(message, plain), { minLength: 2, maxLength: 30 }), fc.array(step, { maxLength: 12 }), async (elements, steps) => {
      const texts = new ElementTexts();
      const write1 = async (element: unknown) => {
        const remember = texts.look(element);
        remember(await write(element));
      };
      for (const element of elements) await write1(element);
      for (const { at, how, other, choices } of steps) {
        const one = elements[at % elements.length] as Record<string, unknown>;
        const two = elements[other % elements.length] as Record<string, unknown>;
        const before = text(await write(one));
        if (how === "write") await write1(one);
        else if (how === "change") change(one, choices);
        else if (one !== two) {
          // what stood in another element, of another shape perhaps
          const [mine, theirs] = [
            "additional_kwargs" in one ? "additional_kwargs" : Object.keys(one)[0],
            Object.keys(two).find((key) => !key.startsWith("lc_")),
          ];
          if (mine !== undefined && theirs !== undefined && mine !== "lc_serializable") one[mine] = structuredClone(two[theirs]);
        }
        if (text(await write(one)) !== before) changes += 1;
        for (const element of elements) {
          const found = texts.find(element);
          if (found !== undefined) {
            kept += 1;
            expect(text(found.json)).toBe(text(await write(element)));
          }
        }
      }
    }),
    { seed, numRuns: 100 },
  );
  expect(changes).toBeGreaterThan(50);
  expect(kept).toBeGreaterThan(1_000);
});

test("an element of more kinds of objects than are shared is remembered as any other", async () => {
  for (const nested of [1, 7, 8, 9, 30]) {
    const element = Object.fromEntries(Array.from({ length: nested }, (_, place) => [`of ${place}`, { [`key ${place}`]: [place] }]));
    const texts = await remembered(element);
    expect(texts.find(element)).toBeDefined();
    element["of 0"] = { "key 0": [1] };
    expect(texts.find(element)).toBeUndefined();
  }
});

test("the same value under another key, in another order or in a list instead is another element", async () => {
  const variants: unknown[] = [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
    { a: 1, c: 2 },
    { a: 1 },
    { a: 1, b: 2, c: undefined },
    [1, 2],
    { 0: 1, 1: 2 },
    { a: { b: 2 } },
    {},
    [],
    null,
    [[]],
    [{}],
    new HumanMessage({ id: "1", content: "of one class" }),
    new HumanMessageChunk({ id: "1", content: "of one class" }),
    Number.NaN,
    -0,
    0,
  ];
  const texts = new ElementTexts();
  for (const before of variants)
    for (const after of variants) {
      const element = { inner: before };
      texts.look(element)(await write(element));
      element.inner = after;
      expect(texts.find(element) !== undefined, `${JSON.stringify(before)} → ${JSON.stringify(after)}`).toBe(Object.is(before, after));
    }
});
