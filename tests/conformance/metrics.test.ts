import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";

const here = world();

/** Value of one series, by name and the labels it must have. */
function valueOf(text: string, name: string, labels: Record<string, string> = {}): number | null {
  const line = text
    .split("\n")
    .filter((one) => one.startsWith(`${name}{`) || one.startsWith(`${name} `))
    .find((one) => Object.entries(labels).every(([key, value]) => one.includes(`${key}="${value}"`)));
  return line === undefined ? null : Number(line.slice(line.lastIndexOf(" ") + 1));
}

async function scraped(): Promise<string> {
  const answer = await here.http("GET", "/metrics");
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, expect.stringMatching(/^text\/plain; version=0\.0\.4/)]);
  return answer.text();
}

verifies("metrics.text", async () => {
  const thread = (await here.client.threads.create()).thread_id;
  const gate = here.gate();
  const held = await here.client.runs.create(thread, "gate", { input: gate.input });
  const stream = await here.http("GET", `/threads/${thread}/runs/${held.run_id}/stream`);
  await here.client.runs.create(thread, "steps", { input: {}, multitaskStrategy: "enqueue" });
  // the process and the database are not asked at the same moment
  const busy = await until(scraped, (text) => valueOf(text, "slipway_runs_active") === 1 && valueOf(text, "slipway_runs", { status: "running" }) === 1);
  expect(valueOf(busy, "slipway_runs", { status: "pending" })).toBe(1);
  // it waits for its thread, not for a worker
  expect(valueOf(busy, "slipway_queue_depth")).toBe(0);
  expect(valueOf(busy, "slipway_event_streams_open")).toBe(1);
  await gate.open();
  await stream.text();
  await here.client.runs.wait(thread, "boom", { input: {}, multitaskStrategy: "enqueue", raiseError: false });
  const idle = await until(scraped, (text) => valueOf(text, "slipway_event_streams_open") === 0 && valueOf(text, "slipway_runs_active") === 0);
  expect(valueOf(idle, "slipway_run_duration_seconds_count", { status: "success" })).toBe(2);
  expect(valueOf(idle, "slipway_run_duration_seconds_count", { status: "error" })).toBe(1);
  expect(valueOf(idle, "slipway_run_claim_delay_seconds_count")).toBe(3);
  expect(valueOf(idle, "slipway_http_request_duration_seconds_count", { method: "POST", route: "/threads/:thread_id/runs", status: "200" })).toBe(2);
  expect(valueOf(idle, "slipway_webhooks_total", { outcome: "delivered" })).toBe(0);
  expect(valueOf(idle, "slipway_nodejs_eventloop_lag_seconds")).not.toBeNull();
  expect(valueOf(idle, "slipway_process_resident_memory_bytes")).toBeGreaterThan(0);
});

verifies("metrics.anonymous", async () => {
  const thread = (await here.client.threads.create({ metadata: { secret: "canary" } })).thread_id;
  await here.client.runs.wait(thread, "steps", { input: { log: ["canary"] } });
  await here.http("GET", "/canary");
  await here.http("GET", `/threads/${thread}/state?canary=1`);
  await here.http("CANARY", "/threads");
  const text = await scraped();
  for (const word of [thread, "canary", "CANARY"]) expect(text).not.toContain(word);
  expect(valueOf(text, "slipway_http_request_duration_seconds_count", { route: "unmatched", status: "404" })).toBeGreaterThan(0);
});

verifies("metrics.json", async () => {
  const answer = await here.http("GET", "/metrics?format=json");
  expect(answer.headers.get("content-type")).toContain("application/json");
  const all = (await answer.json()) as { name: string; type: string; values: unknown[] }[];
  expect(all.find((metric) => metric.name === "slipway_queue_depth")).toMatchObject({ type: "gauge", values: [{ value: 0 }] });
  expect(all.every((metric) => metric.name.startsWith("slipway_"))).toBe(true);
  expect((await here.http("GET", "/metrics?format=xml")).status).toBe(400);
});
