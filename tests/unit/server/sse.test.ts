import { describe, expect, test } from "vitest";
import { parseLastEventId } from "#protocol/runs.ts";
import { formatFrame } from "#server/sse.ts";

describe("formatFrame", () => {
  test("event, data, id, blank line", () => {
    expect(formatFrame({ id: "0", event: "metadata", data: '{"run_id":"r"}' })).toBe('event: metadata\ndata: {"run_id":"r"}\nid: 0\n\n');
  });

  test("line ends in a node's name cannot forge a field", () => {
    const frame = formatFrame({ id: "1\nid: 9", event: "values|a\r\ndata: forged\n\nevent: error", data: "{}" });
    expect(frame.split("\n")).toHaveLength(5);
    expect(frame).not.toMatch(/^data: forged/m);
    expect(frame).not.toMatch(/^id: 9/m);
  });

  test("U+2028 and U+2029 pass unescaped", () => {
    expect(formatFrame({ id: "1", event: "custom", data: '"\u2028\u2029"' })).toContain("\u2028\u2029");
  });
});

test.each([
  [undefined, null],
  ["", null],
  ["-1", "-1"],
  ["-", "-1"],
  ["0", "0"],
  ["0017", "17"],
  ["junk", undefined],
  ["-2", undefined],
  ["1e3", undefined],
  ["9".repeat(400), undefined],
  ["1; drop table runs", undefined],
])("Last-Event-ID %j is read as %j", (header, expected) => {
  expect(parseLastEventId(header)).toBe(expected);
});
