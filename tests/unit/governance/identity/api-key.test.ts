import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOfKey, hintOf, looksLikeApiKey, makeApiKey } from "#governance/identity/api-key.ts";

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

test("a key is known again, by its digest", () => {
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      const [key, second] = [makeApiKey(one), makeApiKey(other)];
      expect(key).toMatch(/^slw_[0-9A-Za-z]{49}$/);
      expect(looksLikeApiKey(key)).toBe(true);
      expect(key).toContain(hintOf(key));
      expect(digestOfKey(key)).toHaveLength(32);
      expect(digestOfKey(key)?.equals(digestOfKey(second) ?? Buffer.alloc(0))).toBe(Buffer.from(one).equals(Buffer.from(other)));
    }),
  );
});

test("one character that is wrong is seen without asking anybody", () => {
  fc.assert(
    fc.property(bytes, fc.nat(52), fc.constantFrom(..."aZ0-é "), (random, place, wrong) => {
      const key = makeApiKey(random);
      fc.pre(key[place] !== wrong);
      expect(digestOfKey(key.slice(0, place) + wrong + key.slice(place + 1))).toBeNull();
    }),
  );
});

test.each(["", "slw_", "lsv2_pt_abc", `slw_${"0".repeat(48)}`, `slw_${"0".repeat(50)}`])("%o is no key", (text) => {
  expect(digestOfKey(text)).toBeNull();
});
