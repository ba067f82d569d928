import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { openChromium } from "../helpers/chromium.ts";
import type { ModelRequest, ModelScript } from "../helpers/model-endpoint.ts";
import { startPageServer, type PageServer } from "../helpers/page-server.ts";
import { fixture, world, type World } from "../conformance/world.ts";

/** A server with the graphs of `tests/fixtures/browser/graphs`, the pages of one client, and a browser to open them in. */
export interface Visit {
  readonly here: World;
  /** Opens a page in a profile of its own, and says nothing until it is connected. */
  open(assistant: string, options?: Record<string, string>): Promise<Visitor>;
  /** From now on the model stops in the middle of its answer to `text`, until it is let go. */
  hold(text: string): Hold;
}

export interface Hold extends Disposable {
  release(): void;
}

/** What a person sees and does on a page. */
export interface Visitor extends AsyncDisposable {
  readonly page: Page;
  send(text: string): Promise<void>;
  click(name: string): Promise<void>;
  /** The texts of all messages, each with its kind in front. */
  messages(): Promise<string[]>;
  /** What stands under this label. */
  see(label: string): Promise<string>;
  threadId(): string;
  /** Errors of the page's own script, and words on its console. */
  readonly complaints: readonly string[];
}

/**
 * Starts all of it before the tests of a file and ends it after them.
 *
 * The model answers `Echo of <text>, said slowly and well`, and calls `send_mail` when it is told to mail.
 */
export function visit(pageName: string): Visit {
  const holds = new Map<string, PromiseWithResolvers<void>>();
  const here = world({
    langgraphJson: fixture("browser/graphs/langgraph.json"),
    script: scriptWith(holds),
    environment: (model) => ({ MAILER_MODEL_URL: model.url }),
  });
  let running: { browser: Browser; pages: PageServer } | undefined;

  beforeAll(async () => {
    const [browser, pages] = await Promise.all([openChromium(), startPageServer([pageName])]);
    running = { browser, pages };
  });
  afterAll(async () => {
    for (const held of holds.values()) held.resolve();
    await running?.browser.close();
    await running?.pages[Symbol.asyncDispose]();
  });

  return {
    here,
    async open(assistant, options = {}) {
      if (running === undefined) throw new Error("the browser has not started");
      const page = await running.browser.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      await page.goto(`${running.pages.url}/${pageName}?${new URLSearchParams({ api: here.server.url, assistant, ...options })}`);
      await page.getByLabel("Connection").getByText("Connected").waitFor();
      return visitorOf(page, complaints);
    },
    hold(text) {
      const held = Promise.withResolvers<void>();
      holds.set(text, held);
      return { release: held.resolve, [Symbol.dispose]: held.resolve };
    },
  };
}

function visitorOf(page: Page, complaints: string[]): Visitor {
  const label = (name: string): Locator => page.getByLabel(name, { exact: true });
  return {
    page,
    complaints,
    async send(text) {
      await label("Message").fill(text);
      await page.getByRole("button", { name: "Send" }).click();
    },
    click: (name) => page.getByRole("button", { name, exact: true }).first().click(),
    messages: () =>
      label("Messages")
        .getByRole("listitem")
        .evaluateAll((items) => items.map((item) => `${item.querySelector("b")?.textContent}: ${item.querySelector("span")?.textContent}`)),
    see: (name) => label(name).innerText(),
    threadId: () => new URL(page.url()).searchParams.get("threadId") ?? "",
    async [Symbol.asyncDispose]() {
      await page.context().close();
    },
  };
}

/** The word in front of which a held answer stops. */
const HELD_AT = 3;

function scriptWith(holds: ReadonlyMap<string, PromiseWithResolvers<void>>): ModelScript {
  return (request) => {
    const text = lastWords(request);
    const last = request.messages.at(-1);
    if (last?.role === "tool") return { text: `Done: ${last.content}` };
    if (text.startsWith("mail")) return { text: "Mailing", toolCalls: [{ name: "send_mail", arguments: { to: "ada", text }, id: "call_mail" }] };
    const held = holds.get(text);
    return {
      text: `Echo of ${text}, said slowly and well`,
      ...(held === undefined ? {} : { beforeWord: (index: number) => (index === HELD_AT ? held.promise : undefined) }),
    };
  };
}

/** What the person said last, whether as text or as parts. */
function lastWords(request: ModelRequest): string {
  const content: unknown = request.messages.findLast(({ role }) => role === "user")?.content;
  return Array.isArray(content) ? content.map((part: { text?: string }) => part.text ?? "").join("") : String(content);
}
