import { expect } from "vitest";
import { NO_CHROMIUM } from "../helpers/chromium.ts";
import { describeUnless } from "../helpers/unless.ts";
import { verifies } from "../conformance/verifies.ts";
import { visit } from "./visitor.ts";

/** `useStream` of @langchain/langgraph-sdk/react (protocol v1), on a page of another origin that asks as agent-chat-ui does. */
describeUnless(NO_CHROMIUM, "useStream of the SDK", () => {
  const visiting = visit("chat");
  const { here } = visiting;

  verifies("browser.v1.stream", async () => {
    using held = visiting.hold("hello");
    await using visitor = await visiting.open("talk");
    await visitor.send("hello");
    await expect.poll(visitor.messages).toEqual(["human: hello", "ai: Echo of hello,"]);
    await expect.poll(() => visitor.see("Status")).toBe("busy");
    held.release();
    await expect.poll(() => visitor.see("Status")).toBe("idle");
    const hello = ["human: hello", "ai: Echo of hello, said slowly and well"];
    await expect.poll(visitor.messages).toEqual(hello);
    expect(visitor.complaints).toEqual([]);

    await visitor.send("again");
    await expect.poll(visitor.messages).toEqual([...hello, "human: again", "ai: Echo of again, said slowly and well"]);
    await expect.poll(() => visitor.see("Status")).toBe("idle");
    // the thread is in the list, and opens from there on a page that knows nothing of it
    await using other = await visiting.open("talk");
    await other.page.getByLabel("Threads").getByRole("button", { name: "hello" }).click();
    await expect.poll(other.messages).toEqual(await visitor.messages());
    expect(other.complaints).toEqual([]);
  });

  verifies("browser.v1.optimistic", async () => {
    await using visitor = await visiting.open("talk");
    const asked = Promise.withResolvers<void>();
    await visitor.page.route("**/runs/stream", async (route) => {
      await asked.promise;
      await route.continue();
    });
    await visitor.send("early");
    await expect.poll(visitor.messages).toEqual(["human: early"]);
    asked.resolve();
    await expect.poll(visitor.messages).toEqual(["human: early", "ai: Echo of early, said slowly and well"]);
  });

  verifies("browser.v1.reload", async () => {
    using held = visiting.hold("reload");
    await using visitor = await visiting.open("talk");
    await visitor.send("reload");
    await expect.poll(visitor.messages).toEqual(["human: reload", "ai: Echo of reload,"]);
    await visitor.page.reload();
    await expect.poll(visitor.messages).toEqual(["human: reload", "ai: Echo of reload,"]);
    await expect.poll(() => visitor.see("Status")).toBe("busy");
    held.release();
    await expect.poll(visitor.messages).toEqual(["human: reload", "ai: Echo of reload, said slowly and well"]);
    await expect.poll(() => visitor.see("Status")).toBe("idle");
    expect(await here.client.runs.list(visitor.threadId())).toHaveLength(1);
  });

  verifies("browser.v1.stop", async () => {
    // with a run that outlives its page `stop` cancels, without one it leaves
    for (const options of [{}, { reconnect: "false", resumable: "false" }]) {
      using held = visiting.hold("stop me");
      await using visitor = await visiting.open("talk", options);
      await visitor.send("stop me");
      await expect.poll(visitor.messages).toEqual(["human: stop me", "ai: Echo of stop"]);
      await visitor.click("Stop");
      await expect.poll(() => visitor.see("Status")).toBe("idle");
      await expect.poll(async () => (await here.client.runs.list(visitor.threadId())).map(({ status }) => status)).toEqual(["interrupted"]);
      held.release();
      await visitor.send("go on");
      await expect.poll(async () => (await visitor.messages()).at(-1)).toBe("ai: Echo of go on, said slowly and well");
    }
  });

  verifies("browser.v1.branches", async () => {
    await using visitor = await visiting.open("talk");
    await visitor.send("one");
    await expect.poll(() => visitor.see("Checkpoints")).toBe("3");
    await visitor.click("Edit");
    await expect.poll(visitor.messages).toEqual(["human: one (edited)", "ai: Echo of one (edited), said slowly and well"]);
    await expect.poll(() => visitor.see("Branch")).toBe("2 of 2");
    await visitor.click("‹");
    await expect.poll(visitor.messages).toEqual(["human: one", "ai: Echo of one, said slowly and well"]);
    await visitor.click("Regenerate");
    await expect.poll(() => visitor.page.getByLabel("Branch").allInnerTexts()).toEqual(["1 of 2", "2 of 2"]);
    await expect.poll(visitor.messages).toEqual(["human: one", "ai: Echo of one, said slowly and well"]);
    // a message goes on with the branch that is shown; after it the hook shows the newest fork, whichever was gone on with
    using held = visiting.hold("two");
    await visitor.send("two");
    await expect.poll(visitor.messages).toEqual(["human: one", "ai: Echo of one, said slowly and well", "human: two", "ai: Echo of two,"]);
    held.release();
    await expect.poll(() => visitor.see("Status")).toBe("idle");
    await visitor.page.reload();
    await expect.poll(visitor.messages).toEqual(["human: one (edited)", "ai: Echo of one (edited), said slowly and well"]);
    await visitor.click("‹");
    await expect.poll(visitor.messages).toEqual(["human: one", "ai: Echo of one, said slowly and well", "human: two", "ai: Echo of two, said slowly and well"]);
    expect(visitor.complaints).toEqual([]);
  });

  verifies("browser.v1.interrupt", async () => {
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

  verifies("browser.v1.approval", async () => {
    await using visitor = await visiting.open("mailer");
    await visitor.send("mail ada");
    await expect.poll(() => visitor.see("Question")).toContain("send_mail");
    expect(await visitor.see("Messages")).toContain('send_mail({"to":"ada","text":"mail ada"})');
    await visitor.click("Approve");
    await expect.poll(visitor.messages).toEqual(["human: mail ada", "ai: Mailing", "tool: sent to ada: mail ada", "ai: Done: sent to ada: mail ada"]);
  });

  verifies("browser.v1.subgraphs", async () => {
    using held = visiting.hold("inside");
    await using visitor = await visiting.open("research");
    await visitor.send("inside");
    await expect.poll(visitor.messages).toEqual(["human: inside", "ai: Echo of inside,"]);
    held.release();
    await expect
      .poll(() => visitor.page.getByLabel("Steps").getByRole("listitem").allInnerTexts())
      .toEqual(["researcher: agent", "root: researcher", "root: closing"]);
    await expect.poll(visitor.messages).toEqual(["human: inside", "ai: Echo of inside, said slowly and well"]);
  });

  verifies("browser.v1.component", async () => {
    await using visitor = await visiting.open("forecast");
    await visitor.send("weather?");
    const component = visitor.page.locator(".weather");
    await expect.poll(() => component.allInnerTexts()).toEqual(["Weather in Rome"]);
    await component.click();
    await expect.poll(() => component.innerText()).toBe("Sunny in Rome, after 2 messages");
    expect(await component.evaluate((element) => element.ownerDocument.defaultView?.getComputedStyle(element).color)).toBe("rgb(255, 140, 0)");
    await visitor.page.reload();
    await expect.poll(() => component.allInnerTexts()).toEqual(["Weather in Rome"]);
    expect(visitor.complaints).toEqual([]);
  });

  verifies("browser.v1.error", async () => {
    await using visitor = await visiting.open("fails");
    await visitor.send("bake");
    await expect.poll(() => visitor.page.getByRole("alert").innerText()).toBe("The oven is too hot");
    await expect.poll(visitor.messages).toEqual(["human: bake", "ai: Echo of bake, said slowly and well"]);
    // on a page that knows of no run there is only the thread to tell it
    await using other = await visiting.open("fails", { threadId: visitor.threadId() });
    await expect.poll(() => other.page.getByRole("alert").innerText()).toBe("The oven is too hot");
  });
});
