import { expect } from "vitest";
import { NO_CHROMIUM } from "../helpers/chromium.ts";
import { describeUnless } from "../helpers/unless.ts";
import { verifies } from "../conformance/verifies.ts";
import { visit } from "./visitor.ts";

/** `useStream` of @langchain/react (protocol v2), on a page of another origin. */
describeUnless(NO_CHROMIUM, "useStream of @langchain/react", () => {
  const visiting = visit("conversation");
  const { here } = visiting;

  verifies("browser.v2.stream", async () => {
    using held = visiting.hold("hello");
    await using visitor = await visiting.open("talk");
    await visitor.send("hello");
    await expect.poll(visitor.messages).toEqual(["human: hello", "ai: Echo of hello,"]);
    await expect.poll(() => visitor.see("Status")).toBe("busy");
    held.release();
    await expect.poll(() => visitor.see("Status")).toBe("idle");
    const hello = ["human: hello", "ai: Echo of hello, said slowly and well"];
    await expect.poll(visitor.messages).toEqual(hello);
    await visitor.send("again");
    await expect.poll(visitor.messages).toEqual([...hello, "human: again", "ai: Echo of again, said slowly and well"]);
    expect(visitor.complaints).toEqual([]);
  });

  verifies("browser.v2.reload", async () => {
    for (const transport of ["sse", "websocket"]) {
      using held = visiting.hold("reload");
      await using visitor = await visiting.open("talk", { transport });
      await visitor.send("reload");
      await expect.poll(visitor.messages).toEqual(["human: reload", "ai: Echo of reload,"]);
      await visitor.page.reload();
      await expect.poll(visitor.messages).toEqual(["human: reload", "ai: Echo of reload,"]);
      await expect.poll(() => visitor.see("Status")).toBe("busy");
      held.release();
      await expect.poll(visitor.messages).toEqual(["human: reload", "ai: Echo of reload, said slowly and well"]);
      await expect.poll(() => visitor.see("Status")).toBe("idle");
      expect(await here.client.runs.list(visitor.threadId())).toHaveLength(1);
    }
  });

  verifies("browser.v2.stop", async () => {
    using held = visiting.hold("stop me");
    await using visitor = await visiting.open("talk");
    await visitor.send("stop me");
    await expect.poll(visitor.messages).toEqual(["human: stop me", "ai: Echo of stop"]);
    await visitor.click("Stop");
    await expect.poll(() => visitor.see("Status")).toBe("idle");
    await expect.poll(async () => (await here.client.runs.list(visitor.threadId())).map(({ status }) => status)).toEqual(["interrupted"]);
    held.release();
    await visitor.send("go on");
    await expect.poll(visitor.messages).toContain("ai: Echo of go on, said slowly and well");
    await expect.poll(() => visitor.see("Status")).toBe("idle");
    // the hook keeps what it saw of the stopped answer until the page is loaded again
    await visitor.page.reload();
    await expect.poll(visitor.messages).toEqual(["human: stop me", "human: go on", "ai: Echo of go on, said slowly and well"]);
  });

  verifies("browser.v2.fork", async () => {
    await using visitor = await visiting.open("talk");
    await visitor.send("one");
    await expect.poll(visitor.messages).toEqual(["human: one", "ai: Echo of one, said slowly and well"]);
    await expect.poll(() => visitor.see("Status")).toBe("idle");
    await visitor.click("Edit");
    await expect.poll(visitor.messages).toEqual(["human: one (edited)", "ai: Echo of one (edited), said slowly and well"]);
    await expect.poll(() => visitor.see("Status")).toBe("idle");
    await visitor.page.reload();
    await expect.poll(visitor.messages).toEqual(["human: one (edited)", "ai: Echo of one (edited), said slowly and well"]);
  });

  verifies("browser.v2.interrupt", async () => {
    await using visitor = await visiting.open("deploy");
    await visitor.send("please");
    await expect.poll(() => visitor.see("Question")).toContain("Deploy the service?");
    await visitor.page.reload();
    await expect.poll(() => visitor.see("Question")).toContain("Deploy the service?");
    await visitor.click("Approve");
    await expect.poll(() => visitor.see("Values")).toContain('"deployed":true');
    await expect.poll(() => visitor.page.getByLabel("Question").count()).toBe(0);
    await expect.poll(() => here.client.threads.get(visitor.threadId())).toMatchObject({ status: "idle", interrupts: {} });
    expect(visitor.complaints).toEqual([]);
  });

  verifies("browser.v2.tools", async () => {
    await using visitor = await visiting.open("mailer");
    await visitor.send("mail ada");
    await expect.poll(() => visitor.see("Question")).toContain("send_mail");
    await visitor.click("Approve");
    // messages and tools come in channels of their own
    await expect.poll(visitor.messages).toEqual(["human: mail ada", "ai: Mailing", "tool: sent to ada: mail ada", "ai: Done: sent to ada: mail ada"]);
    await expect.poll(() => visitor.see("Tools")).toBe('send_mail({"to":"ada","text":"mail ada"}) finished: "sent to ada: mail ada"');
  });

  verifies("browser.v2.subgraphs", async () => {
    using held = visiting.hold("inside");
    await using visitor = await visiting.open("research");
    await visitor.send("inside");
    await expect.poll(() => visitor.see("Subgraphs")).toContain("researcher running: ");
    held.release();
    await expect.poll(() => visitor.see("Subgraphs")).toContain("Echo of inside, said slowly and well");
    await expect.poll(() => visitor.see("Status")).toBe("idle");
    await expect.poll(visitor.messages).toEqual(["human: inside", "ai: Echo of inside, said slowly and well"]);
  });

  verifies("browser.v2.error", async () => {
    await using visitor = await visiting.open("fails");
    await visitor.send("bake");
    await expect.poll(() => visitor.page.getByRole("alert").innerText()).toContain("The oven is too hot");
    await expect.poll(visitor.messages).toEqual(["human: bake", "ai: Echo of bake, said slowly and well"]);
  });
});
