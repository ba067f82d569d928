import { expect, test } from "vitest";
import { openChromium, NO_CHROMIUM } from "../helpers/chromium.ts";
import { serveApp } from "../helpers/http-app.ts";
import { describeUnless } from "../helpers/unless.ts";

describeUnless(NO_CHROMIUM, "the page at /docs", () => {
  test("shows every group, tries a request out, and asks nobody else", async () => {
    await using app = await serveApp({
      system: { ready: () => true, info: () => ({ version: "9.8.7", langgraph_js_version: "1.0.0", sandbox: "none", models: "replay", graphs: [] }) },
    });
    const browser = await openChromium();
    try {
      const page = await browser.newPage();
      const complaints: string[] = [];
      const elsewhere: string[] = [];
      page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("request", (request) => !request.url().startsWith(app.url) && !request.url().startsWith("data:") && elsewhere.push(request.url()));
      await page.goto(`${app.url}/docs`);
      await page.getByRole("heading", { name: /Slipway/ }).waitFor();
      for (const tag of ["Assistants", "Threads", "Runs", "Crons", "Store", "Approvals", "Projects"])
        await page.locator(`[data-tag="${tag}"]`).first().waitFor();

      const info = page.locator("#operations-System-get_info");
      await info.locator(".opblock-summary-control").click();
      await info.getByRole("button", { name: "Try it out" }).click();
      await info.getByRole("button", { name: "Execute" }).click();
      await info.locator(".live-responses-table .response-col_description pre").first().waitFor();
      expect(await info.locator(".live-responses-table").innerText()).toContain("9.8.7");
      expect({ complaints, elsewhere }).toEqual({ complaints: [], elsewhere: [] });
    } finally {
      await browser.close();
    }
  });
});
