import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { world } from "./world.ts";

const here = world();

interface Event {
  id?: string;
  event: string;
  data: Record<string, unknown>;
}

type Options = NonNullable<Parameters<typeof here.client.threads.joinStream>[1]>;

/** What the SDK's joinStream brings until it is enough; `opened` once the server has answered. */
async function join(threadId: string, options: Options, enough: (events: Event[]) => boolean): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of here.client.threads.joinStream(threadId, options)) {
    events.push(event as unknown as Event);
    if (enough(events)) break;
  }
  return events;
}

const newThread = async () => (await here.client.threads.create()).thread_id;
const runs = (count: number) => (events: Event[]) => events.filter(({ event }) => event === "run_done").length === count;

verifies("thread-stream.runs", async () => {
  const threadId = await newThread();
  const first = await here.client.runs.create(threadId, "steps", { input: {}, streamMode: "updates" });
  await here.client.runs.join(threadId, first.run_id);
  const following = join(threadId, { lastEventId: "-" }, runs(2));
  const second = await here.client.runs.create(threadId, "steps", { input: {}, streamMode: "values" });
  const events = await following;
  expect(events.map(({ event }) => event)).toEqual([
    "metadata",
    ...Array.from({ length: 3 }, () => "updates"),
    "run_done",
    "metadata",
    ...Array.from({ length: 3 }, () => "values"),
    "run_done",
  ]);
  expect(events.filter(({ event }) => event === "run_done").map(({ data }) => data)).toEqual(
    [first, second].map(({ run_id }) => ({ run_id, thread_id: threadId, status: "success", error: null })),
  );
  // who comes back misses nothing and sees nothing twice
  for (const at of [0, 2, 4, 5, 8]) {
    const rest = await join(threadId, { lastEventId: events[at]?.id ?? "" }, (seen) => seen.length === events.length - at - 1);
    expect(rest).toEqual(events.slice(at + 1));
  }
});

verifies("thread-stream.modes", async () => {
  const threadId = await newThread();
  const gate = here.gate();
  await here.client.runs.create(threadId, "gate", { input: gate.input, streamMode: "updates" });
  const modes = new URLSearchParams([
    ["stream_mode", "lifecycle"],
    ["stream_mode", "state_update"],
  ]);
  const leaving = new AbortController();
  const response = await fetch(`${here.server.url}/threads/${threadId}/stream?${modes}`, { headers: { "last-event-id": "-" }, signal: leaving.signal });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  let edited = false;
  if (response.body === null) throw new Error("no body");
  await gate.open();
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes("event: run_done") && !edited) {
      edited = true;
      await here.client.threads.updateState(threadId, { values: { log: ["by hand"] }, asNode: "hold" });
    }
    if (/event: state_update\n.*by hand.*\n/.test(text)) break;
  }
  leaving.abort();
  expect([...text.matchAll(/^event: (.*)$/gm)].map(([, event]) => event)).toEqual(["metadata", "run_done", "state_update"]);
});

verifies("thread-stream.refused", async () => {
  const threadId = await newThread();
  expect((await here.http("GET", `/threads/${randomUUID()}/stream`)).status).toBe(404);
  expect((await here.http("GET", "/threads/nothing/stream")).status).toBe(400);
  expect((await here.http("GET", `/threads/${threadId}/stream?stream_mode=weather`)).status).toBe(400);
  expect((await here.http("GET", `/threads/${threadId}/stream`, undefined, { "last-event-id": "junk" })).status).toBe(400);
});
