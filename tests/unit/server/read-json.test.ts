import { describe, expect, test } from "vitest";
import { MAX_DEPTH, readJson } from "#server/read-json.ts";

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("readJson", () => {
  test("reads JSON", () => {
    expect(readJson('{"a":[1,"é\\n"]}')).toEqual({ a: [1, "é\n"] });
  });

  test("names malformed JSON", () => {
    expect(() => readJson('{"a":')).toThrowError(/Malformed JSON in request body/);
  });

  test("puts U+FFFD where a NUL or a lone surrogate stood, in keys and values, and leaves pairs alone", () => {
    expect(readJson('{"a\\u0000":["x\\ud800y","\\ud83d\\ude00"]}')).toEqual({ "a\uFFFD": ["x\uFFFDy", "😀"] });
  });

  test("leaves text alone that only looks like an escape", () => {
    expect(readJson(String.raw`{"a":"\\u0000"}`)).toEqual({ a: String.raw`\u0000` });
  });

  test("takes JSON up to the depth limit and refuses what is deeper, however deep", () => {
    expect(readJson(nested(MAX_DEPTH))).toBeInstanceOf(Array);
    expect(() => readJson(nested(MAX_DEPTH + 2))).toThrowError(/nested deeper/);
    expect(() => readJson(nested(2_000_000))).toThrowError(/nested deeper/);
  });

  test("a __proto__ key stays a key", () => {
    const read = readJson('{"__proto__":{"polluted":"\\u0000"}}');
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.hasOwn(read as object, "__proto__")).toBe(true);
  });
});
