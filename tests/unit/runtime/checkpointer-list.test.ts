import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENTRY_BYTES, pagesOf, partsToStore, splitList, type ListElement, type Part, type StoredList, wholeList } from "#runtime/checkpointer-list.ts";

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

/** Most fill a page, as messages do: those are remembered. Few texts, so that some stand in a list twice. */
const Message = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(fc.nat(200), fc.integer({ min: 128, max: 400 })).map(([mark, size]) => `${mark} `.padEnd(size, "-")) },
  { weight: 1, arbitrary: Element },
);

/** What may happen to the list of a thread from step to step. */
type Change =
  | { kind: "add"; element: unknown; at: "front" | "end" }
  | { kind: "cut"; from: number; count: number }
  | { kind: "replace"; at: number; element: unknown }
  | { kind: "repeat"; at: number }
  | { kind: "back"; steps: number }
  | { kind: "read" };

const Change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("add" as const), element: Message, at: fc.constantFrom("front" as const, "end" as const, "end" as const) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cut" as const), from: fc.nat(60), count: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("replace" as const), at: fc.nat(60), element: Message }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("repeat" as const), at: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("back" as const), steps: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("read" as const) }) },
);

/** Reads a stored list into elements that remember their pages, as the checkpointer does: where several share a page nobody knows them. */
function read(stored: StoredList, store: ReadonlyMap<string, Buffer>): ListElement[] {
  const { pages, open } = pagesOf(stored.root, (key) => store.get(key));
  const several = (text: Uint8Array) => encode(JSON.parse(`[${Buffer.from(text).toString("utf8")}]`) as unknown[]);
  const elements = pages.flatMap((page) => (several(page.body).length === 1 ? [{ json: page.body, page }] : several(page.body)));
  return [...elements, ...several(open)];
}

/** For thousands of them a matcher takes too long. */
const sameBodies = (one: ReadonlyMap<string, Buffer>, two: ReadonlyMap<string, Buffer>) =>
  one.size === two.size && [...one].every(([key, body]) => two.get(key)?.equals(body) === true);

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

describe(`what a list remembers of how it was stored (SEED=${seed})`, () => {
  it("changes neither what is stored nor under which names, and what is known to be stored need not be stored again", () => {
    let left = 0;
    fc.assert(
      fc.property(
        fc.array(Message, { minLength: 20, maxLength: 60, size: "max" }),
        fc.array(Change, { minLength: 5, maxLength: 25, size: "max" }),
        fc.infiniteStream(fc.boolean()),
        (first, changes, knows) => {
          // everything that was ever stored, and the elements of every step: two branches share theirs
          const store = new Map<string, Buffer>();
          const steps = [encode(first)];
          for (const change of [null, ...changes]) {
            let list = [...(steps.at(-1) ?? [])];
            if (change?.kind === "add") list.splice(change.at === "end" ? list.length : 0, 0, ...encode([change.element]));
            else if (change?.kind === "cut") list.splice(change.from, change.count);
            else if (change?.kind === "replace") list.splice(change.at, 1, ...encode([change.element]));
            else if (change?.kind === "repeat") list.push(...list.slice(change.at, change.at + 1));
            else if (change?.kind === "back") list = [...(steps.at(-1 - change.steps) ?? list)];
            else if (change?.kind === "read") {
              const stored = splitList(list);
              if (stored) list = read(stored, store);
            }
            steps.push(list);
            const stored = splitList(list);
            const anew = splitList(list.map(({ json }) => ({ json, page: null })));
            expect(stored?.root).toEqual(anew?.root);
            if (!stored || !anew) continue;
            expect(sameBodies(bodies(stored), bodies(anew))).toBe(true);
            // whatever is remembered of what is stored
            const known = new Set([...store.keys()].filter(() => knows.next().value));
            const sent = partsToStore(stored.tops, known);
            left += bodies(stored).size - sent.size;
            for (const [key, { hash, body }] of sent) {
              expect(hash.toString("hex")).toBe(key);
              store.set(key, Buffer.from(body));
            }
            expect(textOf(stored.root, (key) => store.get(key))).toBe(wholeList(list.map(({ json }) => json)).toString("utf8"));
          }
        },
      ),
      { seed, numRuns: 80 },
    );
    expect(left).toBeGreaterThan(1_000);
  });

  it("sends nothing of a list but what is new", () => {
    const elements = encode(Array.from({ length: 201 }, (_, place) => `${place}`.padEnd(300, "x")));
    const before = splitElements(elements.slice(0, 200));
    const known = new Set(partsToStore(before.tops).keys());
    const asked: string[] = [];
    const watched = Object.assign(new Set(known), {
      has: (key: string) => {
        asked.push(key);
        return known.has(key);
      },
    });
    expect(partsToStore(splitElements(elements).tops, watched).size).toBeLessThanOrEqual(2);
    expect(asked.length, "it does not even ask for the others").toBeLessThan(30);
    expect(partsToStore(before.tops, known).size).toBe(0);
  });

  it("names only what is new, also after the list was read", () => {
    const elements = encode(Array.from({ length: 321 }, (_, place) => `${place}`.padEnd(300, "x")));
    const before = splitElements(elements.slice(0, 320));
    const store = bodies(before);
    const loaded = [...read(before, store), ...elements.slice(320)];
    const known = new Set<unknown>();
    for (const { page } of loaded) for (let name = page?.name; name !== undefined; name = name.above?.name) known.add(name);
    expect(namesOf(splitElements(loaded.slice(0, 320)).tops).filter((name) => !known.has(name))).toEqual([]);
    for (const list of [elements, loaded]) {
      const first = new Set<unknown>(namesOf(splitElements(list.slice(0, 320)).tops));
      // four to a node
      expect(first.size).toBeGreaterThan(320 + 80);
      expect(namesOf(splitElements(list).tops).filter((name) => !first.has(name)).length).toBeLessThanOrEqual(2);
    }
  });

  it("keeps nothing of the list in an element that outlives it", () => {
    const elements = encode(Array.from({ length: 5_000 }, (_, place) => `${place}`.padEnd(300, "x")));
    const again = encode(Array.from({ length: 3_000 }, (_, place) => `other ${place}`.padEnd(300, "x")));
    splitList(elements);
    // an element that several lists began with, and that stood elsewhere in others
    splitList([...again, ...elements]);
    splitList([...again.slice(0, 7), ...elements]);
    splitList([...elements.slice(0, 1), ...again]);
    for (const element of [...elements.slice(0, 9), elements[4_096], ...again.slice(0, 9)]) {
      const bytes = reachableBytes(element);
      expect(bytes).toBeGreaterThanOrEqual(300);
      expect(bytes).toBeLessThan(4_000);
    }
  });
});

/** Of these parts and all below them; who made one anew has another object. */
const namesOf = (parts: readonly Part[]): unknown[] => parts.flatMap(({ name, below }) => [name, ...namesOf(below)]);

/** Text and bytes that are kept as long as this is. */
function reachableBytes(from: unknown, seen = new Set<unknown>()): number {
  if (typeof from === "string") return from.length;
  if (typeof from !== "object" || from === null || seen.has(from)) return 0;
  seen.add(from);
  if (from instanceof Uint8Array) return from.length;
  return Object.values(from).reduce<number>((sum, one) => sum + reachableBytes(one, seen), 0);
}
