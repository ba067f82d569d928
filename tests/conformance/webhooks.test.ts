import { afterAll, beforeAll, expect } from "vitest";
import { Webhook } from "standardwebhooks";
import { startWebhookReceiver, type WebhookReceiver } from "../helpers/webhook-receiver.ts";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";

const SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const here = world({ environment: () => ({ WEBHOOK_SECRET: SECRET, WEBHOOK_ALLOW_PRIVATE: "true" }) });
let receiver: WebhookReceiver;

beforeAll(async () => {
  receiver = await startWebhookReceiver();
});

afterAll(() => receiver[Symbol.asyncDispose]());

const told = (runId: string) =>
  until(
    async () => receiver.received.find((hook) => hook.body["run_id"] === runId),
    (hook) => hook !== undefined,
  );

verifies("webhooks.sent", async () => {
  const { thread_id: thread } = await here.client.threads.create();
  const run = await here.client.runs.create(thread, "steps", { input: {}, webhook: receiver.url });
  expect((await told(run.run_id))?.body).toMatchObject({
    run_id: run.run_id,
    thread_id: thread,
    assistant_id: run.assistant_id,
    status: "success",
    run_started_at: expect.any(String),
    run_ended_at: expect.any(String),
    webhook_sent_at: expect.any(String),
    values: { last: "three" },
  });
  const failed = await here.client.runs.create(null, "boom", { input: {}, webhook: receiver.url });
  expect((await told(failed.run_id))?.body).toMatchObject({ status: "error", error: "Boo!" });
});

verifies("webhooks.signed", async () => {
  const run = await here.client.runs.create(null, "steps", { input: {}, webhook: receiver.url });
  const hook = await told(run.run_id);
  expect(new Webhook(SECRET).verify(hook?.text ?? "", hook?.headers as Record<string, string>)).toEqual(hook?.body);
});

verifies("webhooks.refused", async () => {
  const { thread_id: thread } = await here.client.threads.create();
  for (const webhook of ["/threads", "not an address", "ftp://example.com/", "https://user:secret@example.com/"]) {
    for (const path of [`/threads/${thread}/runs`, `/threads/${thread}/runs/stream`, "/runs/wait"]) {
      const answer = await here.http("POST", path, { assistant_id: "steps", input: {}, webhook });
      const words = await answer.text();
      expect([answer.status, answer.headers.get("x-error-code"), words.includes("webhook")], `${path} ${webhook}`).toEqual([400, "invalid_request", true]);
      expect(words).not.toContain("secret@");
    }
  }
  expect(await here.client.runs.list(thread)).toEqual([]);
});
