import { describe, expect, test } from "vitest";
import { ignoredKeys, LanggraphJson } from "#protocol/langgraph-json.ts";

describe("a langgraph.json", () => {
  test("is read whole, null and absent alike", () => {
    const read = LanggraphJson.parse({
      graphs: { agent: "./agent.ts:graph" },
      env: null,
      http: { mount_prefix: "/api/", cors: { allow_origins: ["https://example.org"], max_age: 60 }, disable_mcp: true },
      store: { index: { dims: 8, embed: "./embed.ts:embed" }, ttl: { default_ttl: 1.5 } },
      checkpointer: { ttl: { strategy: "keep_latest", default_ttl: 60 } },
    });
    expect(read).toMatchObject({
      env: undefined,
      http: { mount_prefix: "/api", cors: { allow_origins: ["https://example.org"], max_age: 60 }, disable_mcp: true },
      store: { index: { dims: 8, embed: "./embed.ts:embed" }, ttl: { default_ttl: 1.5 } },
      checkpointer: { ttl: { strategy: "keep_latest", default_ttl: 60 } },
    });
  });

  test.each([
    ["a prefix without a slash", { http: { mount_prefix: "api" } }],
    ["a prefix with a pattern", { http: { mount_prefix: "/api/:id" } }],
    ["a negative time to live", { store: { ttl: { default_ttl: -1 } } }],
    ["a strategy that is not there", { checkpointer: { ttl: { strategy: "archive" } } }],
    ["origins as text", { http: { cors: { allow_origins: "*" } } }],
  ])("is refused with %s", (_name, part) => {
    expect(LanggraphJson.safeParse({ graphs: {}, ...part }).success).toBe(false);
  });

  test("says which of its keys have no effect, but not the ones that build an image", () => {
    const json = {
      graphs: {},
      dependencies: ["."],
      node_version: "22",
      node_loader: "swc",
      surprise: 1,
      http: { cors: {}, middleware_order: "auth_first" },
      checkpointer: { serde: {} },
    };
    expect(ignoredKeys(json)).toEqual([
      expect.stringMatching(/^node_loader /),
      "surprise (not known here)",
      expect.stringMatching(/^http\.middleware_order /),
      expect.stringMatching(/^checkpointer\.serde /),
    ]);
  });
});
