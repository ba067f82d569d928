import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENTRY_BYTES, pagesOf, partsToStore, splitList, type ListElement, type StoredList, wholeList } from "#runtime/checkpointer-list.ts";

const encode = (list: readonly unknown[]): ListElement[] => list.map((element) => ({ json: Buffer.from(JSON.stringify(element)), page: null }));

function splitElements(elements: readonly ListElement[]): StoredList {
  const stored = splitList(elements);
  if (!stored) throw new Error("too short to be split");
  return stored;
}

const split = (list: readonly unknown[]) => splitElements(encode(list));
const bodies = (stored: StoredList) => new Map([...partsToStore(stored.tops)].map(([key, part]) => [key, Buffer.from(part.body)]));

function textOf(root: Buffer, find: (key: string) => Buffer | undefined): string {
  const { pages, open } = pagesOf(root, find);
  return wholeList([...pages.map(({ body }) => body), ...(open.length > 0 ? [open] : [])]).toString("utf8");
}

function join(stored: StoredList): unknown {
  const parts = bodies(stored);
  return JSON.parse(textOf(stored.root, (key) => parts.get(key))) as unknown;
}

const Element = fc.oneof(
  fc.string({ unit: "binary", maxLength: 600 }),
  fc.integer(),
  fc.constant(null),
  fc.array(fc.string(), { maxLength: 5 }),
  fc.record({ id: fc.uuid(), text: fc.string({ maxLength: 300 }) }),
);

describe("lists in parts", () => {
  it("come back as they were, whatever their elements and length", () => {
    fc.assert(
      fc.property(fc.array(Element, { maxLength: 400, size: "max" }), (list) => {
        const stored = splitList(encode(list));
        if (stored) expect(join(stored)).toEqual(JSON.parse(JSON.stringify(list)));
      }),
      { numRuns: 200 },
    );
  });

  it("stay whole when they are short", () => {
    expect(splitList(encode([1, 2, 3]))).toBeNull();
    expect(splitList([])).toBeNull();
  });

  it.each([10, 100, 300, 2_000])("grow by little more than the new element (%i bytes each)", (size) => {
    const list = Array.from({ length: 330 }, (_, place) => `${place} `.padEnd(size, "x"));
    for (let length = 200; length < 329; length += 1) {
      const before = new Set(bodies(split(list.slice(0, length))).keys());
      const after = split(list.slice(0, length + 1));
      const written = after.root.length + [...partsToStore(after.tops, before).values()].reduce((sum, part) => sum + part.hash.length + part.body.length, 0);
      expect(written).toBeLessThan(size + 600);
    }
  });

  it("keep a root that grows with the logarithm", () => {
    const small = split(Array.from({ length: 65 }, (_, place) => `${place}`.padEnd(300, "x")));
    const large = split(Array.from({ length: 16_383 }, (_, place) => `${place}`.padEnd(300, "x")));
    expect(small.root.length).toBeLessThanOrEqual(1 + 5 * ENTRY_BYTES);
    expect(large.root.length).toBeLessThanOrEqual(1 + 7 * 4 * ENTRY_BYTES);
  });

  it("say so when a part is missing", () => {
    const stored = split(Array.from({ length: 20 }, () => "x".repeat(300)));
    expect(() => pagesOf(stored.root, () => undefined)).toThrow(/misses its part/);
  });
});
