import { describe, expect, it } from "vitest";
import { textsAt } from "#runtime/store-texts.ts";

const item = { title: "Report", count: 3, done: false, gone: null, author: { name: "Ada" }, chapters: [{ content: "one" }, { content: "two" }, {}], "a.b": 1 };

describe("the texts that a field path finds", () => {
  it.each([
    ["title", ["Report"]],
    ["count", ["3"]],
    ["done", ["false"]],
    ["gone", []],
    ["missing.deep", []],
    ["author.name", ["Ada"]],
    ["author", ['{"name":"Ada"}']],
    ["chapters[*].content", ["one", "two"]],
    ["chapters[1].content", ["two"]],
    ["chapters[-3].content", ["one"]],
    ["chapters[9].content", []],
    ["author.*", ["Ada"]],
    ["title.length", []],
    ["constructor.name", []],
  ])("%s", (path, expected) => {
    expect(textsAt(item, path)).toEqual(expected);
  });

  it("$ is all of it, as JSON", () => expect(textsAt({ a: [1] }, "$")).toEqual(['{"a":[1]}']));
});
