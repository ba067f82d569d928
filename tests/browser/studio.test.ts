import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { NO_CHROMIUM, openChromium } from "../helpers/chromium.ts";
import { bundlePage, pageAround } from "../helpers/page-server.ts";
import { describeUnless } from "../helpers/unless.ts";
import { verifies } from "../conformance/verifies.ts";
import { fixture, world } from "../conformance/world.ts";

/** A page that the browser takes for one of Studio: the browser itself judges what the server allows such a page. */
describeUnless(NO_CHROMIUM, "Studio", () => {
  const here = world({ langgraphJson: fixture("browser/graphs/langgraph.json") });
  let browser: Browser;
  let html: string;

  beforeAll(async () => {
    [browser, html] = await Promise.all([openChromium(), bundlePage("studio").then((script) => pageAround("studio", script))]);
  });
  afterAll(() => browser?.close());

  /** What the page of this origin tells of its session with the server, which it knows under this name. */
  async function session(origin: string, host: string): Promise<string> {
    // as after the question whether the page may look for devices on the network, which Chromium asks the person
    const context = await browser.newContext({ permissions: ["local-network-access"] });
    try {
      const page = await context.newPage();
      await page.route(`${origin}/**`, (route) => route.fulfill({ contentType: "text/html", body: html }));
      const api = here.server.url.replace(/\/\/[^:]+/, `//${host}`);
      await page.goto(`${origin}/studio/?${new URLSearchParams({ baseUrl: api, graph: "research" })}`);
      const words = page.getByLabel("Session");
      await expect.poll(() => words.innerText()).not.toBe("…");
      return await words.innerText();
    } finally {
      await context.close();
    }
  }

  verifies("studio.browser", async () => {
    for (const host of ["localhost", "127.0.0.1"]) {
      expect(JSON.parse(await session("https://smith.langchain.com", host))).toEqual({
        flags: ["assistants", "crons", "langsmith", "langsmith_tracing_replicas"],
        page: [1, "1"],
        nodes: ["__start__", "researcher", "closing", "__end__"],
        named: true,
        events: ["debug", "debug|researcher", "messages/complete", "messages/metadata", "messages/partial", "metadata", "values", "values|researcher"],
        steps: [2, 1, 0, -1],
        last: "edited",
        unknown: "HTTP 404: Thread with ID <id> not found",
      });
    }
    expect(await session("https://smith.langchain.example", "localhost")).toBe("refused: Failed to fetch");
  });
});
