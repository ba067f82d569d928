import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@langchain/langgraph-sdk";
import { describe, expect } from "vitest";
import type { ModelScript } from "../helpers/model-endpoint.ts";
import { verifies } from "./verifies.ts";
import { collect, fixture, world } from "./world.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

interface Streamed {
  threadId: string;
  events: { event: string; data: unknown }[];
  interrupts: { value?: unknown }[];
}

/** Streams a run to its pause and shows what an unmodified client sees of it. */
async function streamToPause(client: Client, graph: string, input: Record<string, unknown>): Promise<Streamed> {
  const { thread_id: threadId } = await client.threads.create();
  const events = await collect(client.runs.stream(threadId, graph, { input, streamMode: ["values", "updates", "custom"] }));
  const state = await client.threads.getState(threadId);
  expect((await client.threads.get(threadId)).status).toBe("interrupted");
  return { threadId, events, interrupts: state.tasks.flatMap((task) => task.interrupts) };
}

describe("plain JavaScript", () => {
  const here = world({ langgraphJson: fixture("projects/javascript/langgraph.json") });

  verifies("foreign.javascript", async () => {
    const { threadId, events, interrupts } = await streamToPause(here.client, "order", { items: ["tea", "bread"] });
    expect(events).toContainEqual(expect.objectContaining({ event: "custom", data: { priced: 7 } }));
    expect(interrupts).toMatchObject([{ value: { question: "Pay 7?", shop: "Corner Shop" } }]);
    expect(await here.client.runs.wait(threadId, "order", { command: { resume: { pay: true } } })).toMatchObject({ receipt: "paid 7" });

    const info = (await (await here.http("GET", "/info")).json()) as { graphs: { id: string; error: string | null }[] };
    expect(info.graphs).toEqual(
      expect.arrayContaining([
        { id: "order", error: null },
        { id: "broken", error: expect.stringContaining("this module does not load") },
      ]),
    );
    const refused = await here.http("POST", `/threads/${threadId}/runs/wait`, { assistant_id: "broken", input: {} });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.status).toBeLessThan(500);
    expect(await refused.text()).toContain("broken");
  });
});

describe("TypeScript with enums and .js specifiers", () => {
  const here = world({ langgraphJson: fixture("projects/typescript/langgraph.json") });

  verifies("foreign.typescript", async () => {
    const { threadId, events, interrupts } = await streamToPause(here.client, "review", { text: "short" });
    expect(events).toContainEqual(expect.objectContaining({ event: "updates", data: { judge: { verdict: "accepted" } } }));
    expect(interrupts).toMatchObject([{ value: { verdict: "accepted" } }]);
    expect(await here.client.runs.wait(threadId, "review", { command: { resume: "well done" } })).toMatchObject({ verdict: "accepted", note: "well done" });
  });
});

describe("Functional API", () => {
  const log = join(temporaryFolder("essay"), "log");
  const here = world({ langgraphJson: fixture("projects/functional/langgraph.json"), environment: () => ({ ESSAY_LOG: log }) });

  verifies("foreign.functional", async () => {
    const { threadId, events, interrupts } = await streamToPause(here.client, "essay", { topic: "cats" });
    expect(events).toContainEqual(expect.objectContaining({ event: "updates", data: { write: "An essay about cats." } }));
    expect(interrupts).toMatchObject([{ value: { action: "review the essay", text: "An essay about cats." } }]);
    expect(await here.client.runs.wait(threadId, "essay", { command: { resume: "good" } })).toEqual({ text: "An essay about cats.", review: "good" });
    expect(await readFile(log, "utf8")).toBe("cats\n");
  });
});

describe("createAgent with a tool and human-in-the-loop", () => {
  const script: ModelScript = (request) =>
    request.messages.at(-1)?.role === "tool"
      ? { text: `Done: ${request.messages.at(-1)?.content}` }
      : { toolCalls: [{ name: "send_mail", arguments: { to: "ann@example.org", text: "Hello" } }] };
  const here = world({
    langgraphJson: fixture("projects/agent/langgraph.json"),
    script,
    environment: (model) => ({ MAILER_MODEL_URL: model.url }),
  });

  verifies("foreign.agent", async () => {
    const input = { messages: [{ type: "human", content: "Greet Ann" }] };
    const { threadId, interrupts } = await streamToPause(here.client, "mailer", input);
    expect(interrupts).toMatchObject([{ value: { actionRequests: [{ name: "send_mail", args: { to: "ann@example.org" } }] } }]);
    const edited = { type: "edit", editedAction: { name: "send_mail", args: { to: "bob@example.org", text: "Hello" } } };
    const events = (await collect(
      here.client.runs.stream(threadId, "mailer", { command: { resume: { decisions: [edited] } }, streamMode: ["values", "messages-tuple"] }),
    )) as { event: string; data: unknown }[];
    const values = events.findLast((event) => event.event === "values")?.data as { messages: { type: string; content: string }[] };
    expect(values.messages.map((message) => message.type)).toEqual(["human", "ai", "tool", "ai"]);
    expect(values.messages.at(-1)?.content).toBe("Done: sent to bob@example.org: Hello");
    expect(events.filter((event) => event.event === "messages").length).toBeGreaterThan(2);
  });
});
