import { randomUUID } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { verifies } from "../conformance/verifies.ts";
import { world } from "../conformance/world.ts";
import { NO_CHROMIUM, openChromium } from "../helpers/chromium.ts";
import { startPageServer, type PageServer } from "../helpers/page-server.ts";
import { JWT_SECRET, signToken } from "../helpers/tokens.ts";
import { describeUnless } from "../helpers/unless.ts";

interface Followed {
  events?: { method: string; params: { data: unknown } }[];
  error?: string;
}

/** What the page of `tests/fixtures/browser/pages/socket.tsx` offers. */
interface SocketPage {
  follow(order: { api: string; threadId: string; protocols: string[]; assistant: string; input: unknown }): Promise<Followed>;
  agree(url: string, protocols: string[]): Promise<string | null>;
}

describeUnless(NO_CHROMIUM, "a page's WebSocket under AUTH", () => {
  let browser: Browser;
  let pages: PageServer;
  let strange: PageServer;
  beforeAll(async () => {
    [browser, pages, strange] = await Promise.all([openChromium(), startPageServer(["socket"]), startPageServer(["socket"])]);
  });
  const here = world({ environment: () => ({ AUTH: "jwt,api-key", JWT_SECRET, RATE_LIMIT_PER_MINUTE: "0", CORS_ORIGINS: pages.url }) });
  afterAll(async () => {
    await browser.close();
    await Promise.all([pages[Symbol.asyncDispose](), strange[Symbol.asyncDispose]()]);
  });

  async function open(at: PageServer): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(`${at.url}/socket`);
    await page.getByText("Ready").waitFor();
    return page;
  }
  const follow = (page: Page, threadId: string, protocols: string[]): Promise<Followed> =>
    page.evaluate((order) => (globalThis as unknown as SocketPage).follow(order), {
      api: here.server.url,
      threadId,
      protocols,
      assistant: "steps",
      input: { log: ["canary-of-ada"] },
    });
  const agree = (page: Page, threadId: string, protocols: string[]): Promise<string | null> =>
    page.evaluate(
      ([url = "", ...offered]) => (globalThis as unknown as SocketPage).agree(url, offered),
      [`${here.server.url.replace("http", "ws")}/threads/${threadId}/stream/events`, ...protocols],
    );
  const offer = (token: string) => ["slipway", `slipway.bearer.${encodeURIComponent(token)}`];

  verifies("browser.socket.credential", async () => {
    const page = await open(pages);
    const [ada, bob] = await Promise.all([signToken({ sub: "ada" }), signToken({ sub: "bob" })]);
    const made = await here.http("POST", "/auth/keys", { name: "page" }, { authorization: `Bearer ${ada}`, "content-type": "application/json" });
    const { key } = (await made.json()) as { key: string };
    for (const credential of [ada, key]) {
      const threadId = randomUUID();
      const { events, error } = await follow(page, threadId, offer(credential));
      expect(error).toBeUndefined();
      expect(JSON.stringify(events)).toContain("canary-of-ada");
      // the credential is not what is agreed on, wherever it stands
      expect(await agree(page, threadId, offer(credential).toReversed())).toBe("slipway");

      const others = {
        nothing: ["slipway"],
        "somebody else": offer(bob),
        rubbish: offer("not.a.token"),
        "a key that is made up": offer(`slw_${"z".repeat(49)}`),
      };
      for (const [who, protocols] of Object.entries(others)) expect([who, await agree(page, threadId, protocols)]).toEqual([who, null]);
      expect(await follow(page, threadId, offer(bob))).toEqual({ error: expect.stringContaining("WebSocket") });
      // no run keeps it
      const runs = await (await here.http("GET", `/threads/${threadId}/runs`, undefined, { authorization: `Bearer ${ada}` })).text();
      expect(runs).toContain("canary-of-ada");
      expect(runs).not.toContain(credential);
    }
    // a page that is not in CORS_ORIGINS gets none, whatever it brings
    expect(await agree(await open(strange), randomUUID(), offer(ada))).toBeNull();
    expect(here.server.output()).not.toContain(ada);
    expect(here.server.output()).not.toContain(key);
  });
});
