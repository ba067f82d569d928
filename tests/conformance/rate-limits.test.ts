import { Client } from "@langchain/langgraph-sdk";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { world } from "./world.ts";

const here = world({ environment: () => ({ RATE_LIMIT_PER_MINUTE: "120", RATE_LIMIT_BURST: "4" }) });

verifies("limits.rate", async () => {
  const all = await Promise.all(Array.from({ length: 24 }, () => here.http("POST", "/threads", {})));
  const refused = all.filter((answer) => answer.status === 429);
  expect(all.filter((answer) => answer.status === 200).length).toBeGreaterThanOrEqual(4);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expect(Object.fromEntries(["x-error-code", "ratelimit-limit", "ratelimit-remaining"].map((name) => [name, answer.headers.get(name)]))).toEqual({
      "x-error-code": "rate_limited",
      "ratelimit-limit": "4",
      "ratelimit-remaining": "0",
    });
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(Number(answer.headers.get("ratelimit-reset"))).toBeGreaterThan(0);
    expect(await answer.text()).toContain("Come back in");
  }
});

verifies("limits.reads-are-free", async () => {
  const thread = "00000000-0000-4000-8000-000000000000";
  const reads: [string, string][] = [
    ["GET", "/ok"],
    ["GET", `/threads/${thread}`],
    ["POST", "/threads/search"],
    ["POST", "/threads/count"],
    ["POST", "/assistants/search"],
    ["POST", `/threads/${thread}/history`],
    ["POST", `/threads/${thread}/runs/${thread}/cancel`],
  ];
  for (const [method, path] of reads) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => here.http(method, path, method === "GET" ? undefined : {})));
    expect(
      answers.map((answer) => answer.status),
      path,
    ).not.toContain(429);
  }
});

verifies("limits.sdk-comes-back", async () => {
  const patient = new Client({ apiUrl: here.server.url, apiKey: null, callerOptions: { maxRetries: 6 } });
  const made = await Promise.all(Array.from({ length: 6 }, () => patient.threads.create()));
  expect(new Set(made.map((thread) => thread.thread_id)).size).toBe(6);
});
