import { expect, test } from "vitest";
import { corsPolicy } from "#server/cors-policy.ts";

test("without settings our origins may call, with settings theirs; the operator's always", () => {
  expect(corsPolicy(["localhost"], undefined, ["https://ops.example"]).origins).toEqual(["localhost", "https://ops.example"]);
  expect(corsPolicy(["localhost"], { allow_origins: ["https://a.example"] } as never, ["https://ops.example"]).origins).toEqual([
    "https://a.example",
    "https://ops.example",
  ]);
  expect(corsPolicy(["localhost"], { allow_origin_regex: "https://a" } as never).origins).toEqual([]);
  expect(corsPolicy(["localhost"], { max_age: 1 } as never)).toMatchObject({ origins: ["localhost"], maxAgeSeconds: 1 });
});

test("an expression matches whole origins only", () => {
  const { matches } = corsPolicy([], { allow_origin_regex: String.raw`https://\w+\.shop\.example|http://a` } as never);
  expect(["https://one.shop.example", "http://a"].map(matches)).toEqual([true, true]);
  expect(
    ["https://one.shop.example.evil.org", "https://evil.org/https://one.shop.example", "http://ab", `https://${"a".repeat(400)}.shop.example`].map(matches),
  ).toEqual([false, false, false, false]);
});

test("an expression that takes for ever on some text is cut short and matches nothing", () => {
  const { matches } = corsPolicy([], { allow_origin_regex: "(a+)+b" } as never);
  // backtracks over 2^200 ways: without the limit this test never ends
  expect(matches("a".repeat(200))).toBe(false);
  expect(matches("aab")).toBe(true);
});

test.each([
  ["every origin with credentials", { allow_origins: ["*"], allow_credentials: true }],
  ["an expression that is none", { allow_origin_regex: "(" }],
])("%s is refused", (_name, settings) => {
  expect(() => corsPolicy([], settings as never)).toThrow(expect.objectContaining({ code: "invalid_config" }) as Error);
});
