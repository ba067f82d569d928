import { describe, expect, test } from "vitest";
import { engineering } from "#graphs/engineering/graph.ts";
import { EngineeringState } from "#graphs/engineering/state.ts";

describe("the engineering graph", () => {
  test("is drawn with the names that people know", async () => {
    const drawn = await engineering.compile().getGraphAsync();
    expect(Object.keys(drawn.nodes)).toEqual(expect.arrayContaining(["analyst", "preparer", "developer", "developer_tools", "tester"]));
  });

  test("has room for its loops, whoever compiles it", () => {
    expect(engineering.compile().config?.recursionLimit).toBeGreaterThan(1_000);
  });

  test("no node is named like a state key", () => {
    for (const node of Object.keys(engineering.nodes)) expect(Object.keys(EngineeringState.fields)).not.toContain(node);
  });
});
