import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { verifies } from "./verifies.ts";
import { fixture, world } from "./world.ts";

const folder = temporaryFolder("components");
await cp(fixture("projects/components"), folder, { recursive: true });

interface Element {
  type: (properties: unknown) => Element;
  props: Record<string, unknown>;
}

/** A page as `bootstrapUiContext` of the SDK prepares it, with a React that only notes down. */
function loadInPage(script: string): { render: (name: string, shadowRootId: string) => void; components: Element["type"][] } {
  const components: Element["type"][] = [];
  const jsx = (type: unknown, props: unknown) => ({ type, props });
  const modules: Record<string, unknown> = { react: { useState: (value: unknown) => [value] }, "react/jsx-runtime": { jsx, jsxs: jsx } };
  const page = {
    document: { getElementById: () => ({ shadowRoot: { appendChild() {} } }), createElement: () => ({}) },
    [Symbol.for("LGUI_REQUIRE")]: (name: string) => modules[name],
    [Symbol.for("LGUI_EXT_STORE")]: { respond: (_id: string, component: Element["type"]) => components.push(component) },
    window: {},
  };
  page.window = page;
  runInNewContext(`${script};globalThis.bundle = __LGUI_weather`, page);
  return { ...(page as unknown as { bundle: { render: (name: string, id: string) => void } }).bundle, components };
}

describe("components of a graph", () => {
  const here = world({ langgraphJson: join(folder, "langgraph.json") });
  const client = () => new Client({ apiUrl: `${here.server.url}/api`, apiKey: null, callerOptions: { maxRetries: 0 } });
  const ask = (name: string) => client()["~ui"].getComponent("weather", name);

  async function assetOf(html: string, attribute: "src" | "href"): Promise<Response> {
    const address = new RegExp(`${attribute}="([^"]+)"`).exec(html)?.[1] ?? "";
    // as a page of another site loads it: a script tag sends no origin
    return fetch(address, { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" } });
  }

  verifies("ui.component", async () => {
    const html = await ask("weather");
    expect(html).toMatch(/onload='__LGUI_weather\.render\("weather", "\{\{shadowRootId\}\}"\)'/);
    const css = await assetOf(html, "href");
    expect([css.headers.get("content-type"), await css.text()]).toEqual([expect.stringMatching(/^text\/css/), expect.stringContaining("orange")]);

    const script = await assetOf(html, "src");
    expect(script.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    const { render, components } = loadInPage(await script.text());
    render("weather", "id");
    expect(components[0]?.({ town: "Rome" }).props).toMatchObject({ children: "Sunny in Rome" });

    // bundled anew once a source has changed
    await writeFile(join(folder, "ui.css"), ".weather { color: blue }");
    expect(await (await assetOf(await ask("weather"), "href")).text()).toContain("blue");
  });

  verifies("ui.names", async () => {
    const html = await ask(`"'><img src=x onerror=alert(1)>{{shadowRootId}}`);
    const rest = html.replaceAll(/<link [^<>]*\/>|<script src="[^"<>]*" onload='[^'<>]*'><\/script>/g, "").trim();
    expect(rest).toBe("");
    expect(html.match(/\{\{shadowRootId\}\}/g)).toHaveLength(1);
    expect(html).toContain("http://127.0.0.1");
  });

  verifies("ui.unknown", async () => {
    const send = (graph: string) => here.http("POST", `/api/ui/${graph}`, { name: "a" });
    expect((await send("nothing")).status).toBe(404);
    expect((await send("__proto__")).status).toBe(404);
    expect((await here.http("GET", "/api/ui/weather/..%2fpackage.json")).status).toBe(404);
    const broken = await send("broken");
    expect([broken.status, await broken.text()]).toEqual([422, expect.stringContaining("broken.tsx")]);
    expect((await send("away")).status).toBe(422);
  });

  verifies("http.mount-prefix", async () => {
    expect((await here.http("GET", "/info")).status).toBe(404);
    expect((await here.http("GET", "/ok")).status).toBe(200);
    const { thread_id } = await client().threads.create();
    expect(await client().runs.wait(thread_id, "weather", { input: {} })).toEqual({ text: "sunny" });
  });
});
