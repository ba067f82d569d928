import { describe, expect } from "vitest";
import { verifies } from "./verifies.ts";
import { fixture, until, world } from "./world.ts";

describe("a project with an application of its own", () => {
  const here = world({ langgraphJson: fixture("projects/custom-app/langgraph.json") });

  verifies("http.app.routes", async () => {
    const hello = await here.http("GET", "/hello?name=Ann");
    expect(await hello.text()).toBe("<h1>Hello, Ann</h1>");
    expect(hello.headers.get("content-type")).toMatch(/^text\/html/);
    // our words about our own answers would keep its pages from working
    expect(hello.headers.get("content-security-policy")).toBeNull();
    expect(await (await here.http("GET", "/assistants/abc/versions")).json()).toEqual({ taken: "abc" });
    const body = "é".repeat(300_000);
    expect(await (await here.http("POST", "/echo", body)).text()).toBe(body);
  });

  verifies("http.app.middleware", async () => {
    const info = await here.http("GET", "/info");
    expect(info.headers.get("x-answered-in")).toBe("the shop");
    expect(info.headers.getSetCookie()).toEqual(["seen=1"]);
    expect(await info.json()).toMatchObject({ graphs: [{ id: "asker", error: null }] });
    expect((await here.http("GET", "/nowhere")).headers.get("x-answered-in")).toBe("the shop");

    const refused = await here.http("POST", "/threads", {}, { "x-shop": "closed" });
    expect([refused.status, await refused.text()]).toEqual([418, "the shop is closed"]);
  });

  verifies("http.app.streams", async () => {
    const { thread_id } = await here.client.threads.create();
    const gate = here.gate();
    const seen: string[] = [];
    for await (const { event, data } of here.client.runs.stream(thread_id, "asker", {
      input: gate.input,
      streamMode: ["custom", "updates"],
    })) {
      seen.push(event);
      // the gate opens only after this event has come through, so nothing between us keeps events back
      if (data === "waiting") await gate.open();
    }
    expect(seen).toEqual(["metadata", "updates", "custom", "updates"]);

    const leave = new AbortController();
    const left = here.client.runs.stream(thread_id, "asker", {
      input: { gate: "/nowhere" },
      streamMode: "custom",
      onDisconnect: "cancel",
      signal: leave.signal,
      multitaskStrategy: "enqueue",
    });
    // the SDK ends a stream quietly that its caller leaves
    for await (const { data } of left) if (data === "waiting") leave.abort();
    await until(
      () => here.client.runs.list(thread_id),
      (runs) => runs[0]?.status === "interrupted",
    );

    const ticks = new AbortController();
    const response = await fetch(`${here.server.url}/ticks`, { signal: ticks.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    ticks.abort();
    await until(
      async () => (await (await here.http("GET", "/aborted")).json()) as { aborted: number },
      ({ aborted }) => aborted > 0,
    );
  });

  verifies("http.app.errors", async () => {
    const broken = await here.http("GET", "/broken");
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain("secret");
    await expect(here.http("GET", "/torn").then((response) => response.text())).rejects.toThrow();
    expect((await here.http("GET", "/ok")).status).toBe(200);
  });

  verifies("http.loopback", async () => {
    const made = (await (await here.http("GET", "/threads-made")).json()) as { thread_id: string };
    expect(await here.client.threads.get(made.thread_id)).toMatchObject({ metadata: { by: "the shop" } });
    const { thread_id } = await here.client.threads.create();
    expect(await here.client.runs.wait(thread_id, "asker", { input: {} })).toMatchObject({ threads: 1 });
  });

  verifies("http.cors", async () => {
    const asked = { origin: "https://shop.example", "access-control-request-method": "POST", "access-control-request-headers": "x-other" };
    const preflight = await here.http("OPTIONS", "/threads", undefined, asked);
    expect(Object.fromEntries([...preflight.headers].filter(([name]) => name.startsWith("access-control-")))).toMatchObject({
      "access-control-allow-origin": "https://shop.example",
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET, POST",
      "access-control-allow-headers": "content-type, x-shop",
      "access-control-max-age": "42",
    });
    const answer = await here.http("GET", "/info", undefined, { origin: "https://shop.example" });
    expect(answer.headers.get("access-control-expose-headers")?.split(", ")).toEqual(expect.arrayContaining(["content-location", "x-answered-in"]));
    // no longer our default
    expect((await here.http("GET", "/info", undefined, { origin: "https://smith.langchain.com" })).status).toBe(403);
  });

  verifies("http.disable", async () => {
    const off = await here.http("POST", "/store/items/search", { namespace_prefix: [] });
    expect([off.status, await off.text()]).toEqual([404, expect.stringContaining("http.disable_store")]);
    expect((await here.http("POST", "/threads/search", {})).status).toBe(200);
  });

  verifies("http.configurable-headers", async () => {
    const headers = { "shop-id": "7", "x-tone": "warm", "x-secret-word": "no", authorization: "Bearer abc", "x-api-key": "no", cookie: "no" };
    const answer = await here.http("POST", "/runs/wait", { assistant_id: "asker", input: {} }, headers);
    const { seen } = (await answer.json()) as { seen: Record<string, unknown> };
    expect(seen).toMatchObject({ "shop-id": "7", "x-tone": "warm", authorization: "Bearer abc" });
    expect(Object.keys(seen)).toEqual(expect.not.arrayContaining(["x-secret-word", "x-api-key", "cookie"]));
  });
});
