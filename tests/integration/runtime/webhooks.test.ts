import type { ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Webhook } from "standardwebhooks";
import type { Database } from "#db/client.ts";
import { LanggraphJson } from "#protocol/langgraph-json.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import type { Run } from "#protocol/wire.ts";
import type { Runtime, RuntimeOptions } from "#runtime/create-runtime.ts";
import { webhookRules } from "#runtime/webhooks/project-webhooks.ts";
import { testDatabase } from "../../helpers/database.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../../helpers/webhook-receiver.ts";
import { workerProcess } from "../../helpers/worker-process.ts";

const SECRET = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const NEXT_SECRET = `whsec_${Buffer.alloc(32, 4).toString("base64")}`;
/** Nobody waits so long for a receiver that answers, however slow the machine is. */
const PATIENT_MS = 60_000;
/** Only where nobody answers at all. */
const IMPATIENT_MS = 200;
const LEDGER = fileURLToPath(new URL("../../fixtures/model-based/langgraph.json", import.meta.url));

interface WebhookState {
  attempts: number;
  outcome: string | null;
  last_error: string | null;
  waits: boolean;
}

async function started(database: Database, options: Partial<RuntimeOptions> & { configPath?: string } = {}): Promise<Runtime> {
  const webhooks = { secrets: [SECRET], allowPrivate: true, timeoutMs: PATIENT_MS, everyMs: 20, random: () => 0, ...options.webhooks };
  const runtime = await testRuntime(database, { ...options, webhooks });
  await runtime.start();
  return runtime;
}

let database: Database;
/** For runtimes of another kind, one after the other. */
let other: Database;
let otherUrl: string;
let runtime: Runtime;

beforeAll(async () => {
  ({ database } = await testDatabase());
  ({ database: other, url: otherUrl } = await testDatabase());
  runtime = await started(database);
});

afterAll(() => runtime[Symbol.asyncDispose]());

const newThread = async (on = runtime) => (await on.services.threads.create(LOCAL, {})).thread_id;
const start = (thread: string | null, input: Omit<RunCreate, "assistant_id"> & { assistant_id?: string }, on = runtime) =>
  on.services.runs.create(LOCAL, thread, { assistant_id: "echo", input: { text: "hi" }, ...input }, NO_HEADERS);

async function stateOf(run: Pick<Run, "run_id">, on = database): Promise<WebhookState | null> {
  const rows = await on.sql<WebhookState[]>`
    select attempts, outcome, last_error, (last_error is not null and due_at > now() + interval '2 seconds') as waits from webhooks where run_id = ${run.run_id}`;
  return rows[0] ?? null;
}

/** A failed send, once it is put off. */
async function putOff(run: Pick<Run, "run_id">, attempts: number, on = database): Promise<WebhookState> {
  const state = await eventually(
    () => stateOf(run, on),
    (found) => found?.attempts === attempts && found.waits,
  );
  if (state === null) throw new Error("there is no webhook");
  return state;
}

/** Has the next send begin now instead of in minutes. What it fails with is told anew. */
const sendNow = (run: Pick<Run, "run_id">, on = database) => on.sql`update webhooks set due_at = now(), last_error = null where run_id = ${run.run_id}`;

const over = (run: Pick<Run, "run_id">, on = database) =>
  eventually(
    () => stateOf(run, on),
    (state) => state !== null && state.outcome !== null,
  );

/** Everything that any run of these tests is owed has been sent. */
const settled = (on = database) =>
  eventually(
    async () => (await on.sql<{ open: number }[]>`select count(*)::int as open from webhooks where outcome is null`)[0]?.open,
    (open) => open === 0,
  );

const running = (thread: string, run: Pick<Run, "run_id">) =>
  eventually(
    () => runtime.services.runs.get(LOCAL, thread, run.run_id),
    (row) => row.status === "running",
  );

const idsOf = (receiver: WebhookReceiver) => receiver.received.map((one) => one.headers["webhook-id"]);

describe("the end of a run", () => {
  test("is posted with the run, its times and its values, signed as Standard Webhooks does", async () => {
    await using receiver = await startWebhookReceiver();
    const thread = await newThread();
    const run = await start(thread, { webhook: receiver.url, metadata: { mine: 1 } });
    expect(await over(run)).toMatchObject({ attempts: 1, outcome: "delivered" });
    const [hook] = receiver.received;
    expect(receiver.received).toHaveLength(1);
    expect(hook?.path).toBe("/hook");
    expect(hook?.headers["content-type"]).toBe("application/json");
    const stored = await runtime.services.runs.get(LOCAL, thread, run.run_id);
    expect(hook?.body).toEqual({
      ...stored,
      status: "success",
      run_started_at: expect.any(String),
      run_ended_at: expect.any(String),
      webhook_sent_at: expect.any(String),
      values: { text: "hi", answer: "you said hi" },
    });
    const headers = hook?.headers as Record<string, string>;
    expect(new Webhook(SECRET).verify(hook?.text ?? "", headers)).toEqual(hook?.body);
    expect(() => new Webhook(NEXT_SECRET).verify(hook?.text ?? "", headers)).toThrow("No matching signature");
    expect(() => new Webhook(SECRET).verify(`${hook?.text} `, headers)).toThrow("No matching signature");
  });

  test("is signed with the new secret too while one replaces another, and not at all without one", async () => {
    await using receiver = await startWebhookReceiver();
    for (const secrets of [[SECRET, NEXT_SECRET], []]) {
      await using one = await started(other, { webhooks: { secrets, allowPrivate: true } });
      await over(await start(await newThread(one), { webhook: receiver.url }, one), other);
    }
    const [both, none] = receiver.received;
    for (const secret of [SECRET, NEXT_SECRET])
      expect(new Webhook(secret).verify(both?.text ?? "", both?.headers as Record<string, string>)).toEqual(both?.body);
    expect(none?.headers).toMatchObject({ "webhook-id": expect.any(String), "webhook-timestamp": expect.any(String) });
    expect(none?.headers["webhook-signature"]).toBeUndefined();
  });

  type Ending = (webhook: string) => Promise<Run>;
  const holding = { assistant_id: "hold", input: { ms: 60_000 } };
  const endings: [string, string, Ending][] = [
    ["fails", "error", async (webhook) => start(await newThread(), { assistant_id: "boom", input: { times: 1 }, webhook })],
    ["pauses at a question", "success", async (webhook) => start(await newThread(), { assistant_id: "asker", input: { topic: "x" }, webhook })],
    ["has no thread", "success", (webhook) => start(null, { webhook })],
    [
      "is cancelled while it runs",
      "interrupted",
      async (webhook) => {
        const thread = await newThread();
        const run = await start(thread, { ...holding, webhook });
        await running(thread, run);
        await runtime.services.runs.cancel(LOCAL, thread, run.run_id, { action: "interrupt", wait: false });
        return run;
      },
    ],
    [
      "is rolled back while it runs",
      "interrupted",
      async (webhook) => {
        const thread = await newThread();
        const run = await start(thread, { ...holding, webhook });
        await running(thread, run);
        await runtime.services.runs.cancel(LOCAL, thread, run.run_id, { action: "rollback", wait: false });
        return run;
      },
    ],
    [
      "is cancelled before it runs",
      "interrupted",
      async (webhook) => {
        const thread = await newThread();
        const run = await start(thread, { after_seconds: 3_600, webhook });
        await runtime.services.runs.cancel(LOCAL, thread, run.run_id, { action: "interrupt", wait: false });
        return run;
      },
    ],
    [
      "is deleted before it runs",
      "interrupted",
      async (webhook) => {
        const thread = await newThread();
        const run = await start(thread, { after_seconds: 3_600, webhook });
        await runtime.services.runs.delete(LOCAL, thread, run.run_id);
        return run;
      },
    ],
    [
      "makes room for another one",
      "interrupted",
      async (webhook) => {
        const thread = await newThread();
        const run = await start(thread, { after_seconds: 3_600, webhook });
        await start(thread, { multitask_strategy: "interrupt" });
        return run;
      },
    ],
    [
      "is rolled back for another one before it runs",
      "interrupted",
      async (webhook) => {
        const thread = await newThread();
        const run = await start(thread, { after_seconds: 3_600, webhook });
        await start(thread, { multitask_strategy: "rollback" });
        return run;
      },
    ],
    [
      "loses its thread",
      "interrupted",
      async (webhook) => {
        const thread = await newThread();
        const run = await start(thread, { ...holding, webhook });
        await running(thread, run);
        await runtime.services.threads.delete(LOCAL, thread);
        return run;
      },
    ],
  ];

  test.each(endings)("is told once when the run %s: %s", async (_how, status, end) => {
    await using receiver = await startWebhookReceiver();
    const run = await end(receiver.url);
    await over(run);
    await settled();
    expect(receiver.received.map((one) => [one.body["run_id"], one.body["status"]])).toEqual([[run.run_id, status]]);
  });

  test("tells the error of a failed run, and what a paused one waits for", async () => {
    await using receiver = await startWebhookReceiver();
    await over(await start(await newThread(), { assistant_id: "boom", input: { times: 1 }, webhook: receiver.url }));
    await over(await start(await newThread(), { assistant_id: "asker", input: { topic: "x" }, webhook: receiver.url }));
    expect(receiver.received[0]?.body).toMatchObject({ error: "Boo!" });
    expect(receiver.received[1]?.body).toMatchObject({ values: { topic: "x", __interrupt__: [{ value: { question: "go on with x?" } }] } });
  });

  test("of a run that ran out of time is told", async () => {
    await using receiver = await startWebhookReceiver();
    await using hurried = await started(other, { jobTimeoutSeconds: 0.2 });
    await over(await start(await newThread(hurried), { ...holding, webhook: receiver.url }, hurried), other);
    expect(receiver.received.map((one) => one.body["status"])).toEqual(["timeout"]);
  });
});

describe("a receiver", () => {
  test("that keeps silent, fails, hangs up or sends elsewhere gets the same webhook again", async () => {
    await using elsewhere = await startWebhookReceiver();
    await using receiver = await startWebhookReceiver((response, call) => {
      if (call === 0) return;
      if (call === 1) response.writeHead(500).end();
      else if (call === 2) response.destroy();
      else if (call === 3) response.writeHead(307, { location: elsewhere.url }).end();
      else response.writeHead(202).end();
    });
    const errors: unknown[] = [];
    const run = await (async () => {
      await using impatient = await started(other, { webhooks: { secrets: [SECRET], allowPrivate: true, timeoutMs: IMPATIENT_MS } });
      const made = await start(await newThread(impatient), { webhook: receiver.url }, impatient);
      errors.push((await putOff(made, 1, other)).last_error);
      return made;
    })();
    await using _ = await started(other);
    for (let attempts = 2; attempts <= 4; attempts += 1) {
      await sendNow(run, other);
      errors.push((await putOff(run, attempts, other)).last_error);
    }
    await sendNow(run, other);
    expect(await over(run, other)).toMatchObject({ attempts: 5, outcome: "delivered" });
    expect(errors).toEqual([`no answer within ${IMPATIENT_MS} ms`, "answered 500", "ECONNRESET", "answered 307: redirects are not followed"]);
    expect(new Set(idsOf(receiver)).size).toBe(1);
    expect(receiver.received).toHaveLength(5);
    expect(elsewhere.received).toEqual([]);
    const { webhook_sent_at: _sent, ...body } = receiver.received[0]?.body ?? {};
    for (const hook of receiver.received) {
      expect(hook.body).toMatchObject(body);
      new Webhook(SECRET).verify(hook.text, hook.headers as Record<string, string>);
    }
  });

  test("that takes the webhook and talks on without end is not listened to", async () => {
    let hungUp = false;
    await using receiver = await startWebhookReceiver((response) => {
      response.writeHead(200);
      response.once("close", () => (hungUp = true));
      const talk = setInterval(() => response.write("x".repeat(1_024)), 5);
      response.once("close", () => clearInterval(talk));
    });
    const run = await start(await newThread(), { webhook: receiver.url });
    expect(await over(run)).toMatchObject({ attempts: 1, outcome: "delivered" });
    await eventually(async () => hungUp, Boolean);
  });

  test("that is gone for good is not asked again, and one that never takes it is given up after eight times", async () => {
    await using gone = await startWebhookReceiver((response) => response.writeHead(410).end());
    await using broken = await startWebhookReceiver((response) => response.writeHead(503).end());
    expect(await over(await start(await newThread(), { webhook: gone.url }))).toMatchObject({ attempts: 1, outcome: "dead", last_error: "answered 410" });
    const run = await start(await newThread(), { webhook: broken.url });
    for (let attempts = 1; attempts < 8; attempts += 1) {
      await putOff(run, attempts);
      await sendNow(run);
    }
    expect(await over(run)).toMatchObject({ attempts: 8, outcome: "dead", last_error: "answered 503" });
    expect(broken.received).toHaveLength(8);
  });

  test("that keeps silent holds up neither runs nor other webhooks", async () => {
    const { database: narrowest } = await testDatabase({ poolSize: 1 });
    await using silent = await startWebhookReceiver(() => {});
    await using receiver = await startWebhookReceiver();
    await using narrow = await started(narrowest, { jobs: 1, webhooks: { secrets: [], allowPrivate: true, timeoutMs: 60_000 } });
    const first = await start(await newThread(narrow), { webhook: silent.url }, narrow);
    await eventually(
      async () => silent.received.length,
      (count) => count === 1,
    );
    const second = await start(await newThread(narrow), { webhook: receiver.url }, narrow);
    expect(await over(second, narrowest)).toMatchObject({ outcome: "delivered" });
    expect(await stateOf(first, narrowest)).toMatchObject({ attempts: 1, outcome: null, last_error: null });
  });

  test("gets the webhook with the same id when its sender is killed in the middle", async () => {
    const server = await testRuntime(other, { role: "server", webhooks: { secrets: [], allowPrivate: true } });
    await using _ = server;
    await using receiver = await startWebhookReceiver((response, call) => (call === 0 ? undefined : response.writeHead(204).end()));
    await using sender = workerProcess(otherUrl, { WEBHOOK_TIMEOUT: "1000" });
    await sender.ready;
    const run = await start(await newThread(server), { webhook: receiver.url }, server);
    await eventually(
      async () => receiver.received.length,
      (count) => count === 1,
    );
    await sender.kill();
    expect(await stateOf(run, other)).toMatchObject({ attempts: 1, outcome: null });
    // what the one that was killed had begun is free a second after; this one is as patient as it needs to be
    await using next = workerProcess(otherUrl, { WEBHOOK_TIMEOUT: "60000" });
    await next.ready;
    expect(await over(run, other)).toMatchObject({ attempts: 2, outcome: "delivered" });
    expect(idsOf(receiver)).toEqual([receiver.received[0]?.headers["webhook-id"], receiver.received[0]?.headers["webhook-id"]]);
  });

  test("gets the webhook from the next process when this one is told to end", async () => {
    await using receiver = await startWebhookReceiver((response, call) => (call === 0 ? undefined : response.writeHead(204).end()));
    const run = await (async () => {
      await using ending = await started(other, { webhooks: { secrets: [], allowPrivate: true, timeoutMs: 60_000 } });
      const made = await start(await newThread(ending), { webhook: receiver.url }, ending);
      await eventually(
        async () => receiver.received.length,
        (count) => count === 1,
      );
      return made;
    })();
    expect(await stateOf(run, other)).toMatchObject({ attempts: 0, outcome: null });
    await using _ = await started(other);
    expect(await over(run, other)).toMatchObject({ attempts: 1, outcome: "delivered" });
  });
});

describe("the langgraph.json of a project", () => {
  test("adds headers to its webhooks and says where they may go", async () => {
    await using receiver = await startWebhookReceiver();
    const json = LanggraphJson.parse({
      graphs: { echo: "./echo.ts:graph" },
      webhooks: { headers: { authorization: "Bearer ${{ env.LG_WEBHOOK_TOKEN }}" }, url: { allowed_domains: ["127.0.0.1"] } },
    });
    const rules = webhookRules(json, { LG_WEBHOOK_TOKEN: "canary" });
    await using ruled = await started(other, { webhooks: { secrets: [SECRET], allowPrivate: true, rules } });
    await over(await start(null, { webhook: receiver.url }, ruled), other);
    expect(receiver.received[0]?.headers).toMatchObject({ authorization: "Bearer canary", "webhook-signature": expect.any(String) });
    const elsewhere = start(null, { webhook: "https://elsewhere.example/" }, ruled);
    await expect(elsewhere).rejects.toMatchObject({ code: "invalid_request", message: expect.stringContaining("webhooks.url.allowed_domains") });
  });
});

describe("an address that is not of the open internet", () => {
  test("is refused when the run is made", async () => {
    await using strict = await started(other, { webhooks: { secrets: [], allowPrivate: false } });
    const thread = await newThread(strict);
    for (const webhook of [
      "http://127.0.0.1:1/",
      "http://localhost:1/",
      "http://[::1]/",
      "http://0x7f.1/",
      "http://[::ffff:10.0.0.1]/",
      "http://169.254.169.254/latest",
    ]) {
      const refused = expect(start(thread, { webhook }, strict), webhook).rejects;
      await refused.toMatchObject({ code: "invalid_request", message: expect.stringContaining("WEBHOOK_ALLOW_PRIVATE") });
    }
  });

  test("is not called when a name leads there, be it only by one of its addresses", async () => {
    await using receiver = await startWebhookReceiver();
    const resolve = async () => [
      { address: "93.184.216.34", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    await using strict = await started(other, { webhooks: { secrets: [], allowPrivate: false, resolve } });
    const run = await start(await newThread(strict), { webhook: `http://inside.example:${receiver.port}/` }, strict);
    expect(await over(run, other)).toMatchObject({ outcome: "dead", last_error: expect.stringContaining("leads to 127.0.0.1") });
    expect(receiver.received).toEqual([]);
  });

  test("is not reached by a name that changes its mind: the connection goes to the address that was checked", async () => {
    await using receiver = await startWebhookReceiver();
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      return [{ address: asked.length === 1 ? "127.0.0.1" : "10.0.0.1", family: 4 }];
    };
    const mayReach = (address: string) => address === "127.0.0.1";
    await using pinned = await started(other, { webhooks: { secrets: [], allowPrivate: false, resolve, mayReach } });
    const webhook = `http://rebinding.example:${receiver.port}/`;
    expect(await over(await start(await newThread(pinned), { webhook }, pinned), other)).toMatchObject({ outcome: "delivered" });
    expect(asked).toEqual(["rebinding.example"]);
    expect(receiver.received[0]?.headers.host).toBe(`rebinding.example:${receiver.port}`);
    // every send looks for itself: no connection of an earlier one is used again
    expect(await over(await start(await newThread(pinned), { webhook }, pinned), other)).toMatchObject({ outcome: "dead" });
    expect(receiver.received).toHaveLength(1);
  });
});

describe("large values", () => {
  test("are told whole, with what is asked, as the thread has them", async () => {
    await using receiver = await startWebhookReceiver();
    await using one = await started(other, { configPath: LEDGER, webhooks: { secrets: [SECRET], allowPrivate: true } });
    const long = 'long \u00e9 " \\ } {'.repeat(100_000);
    const run = await one.services.runs.create(
      LOCAL,
      await newThread(one),
      { assistant_id: "ledger", input: { entries: [long], way: "ask" }, webhook: receiver.url },
      NO_HEADERS,
    );
    expect(await over(run, other)).toMatchObject({ outcome: "delivered" });
    expect(receiver.received[0]?.body).toMatchObject({
      status: "success",
      values: { entries: [long], __interrupt__: [{ value: { question: 1 } }] },
      webhook_sent_at: expect.any(String),
    });
  });

  test("are sent few at a time, small ones many", async () => {
    const MEGABYTES = 4;
    const SMALL = 40;
    /** The small ones are answered once so many of them are open. */
    const MANY = 11;
    const held: ServerResponse[] = [];
    let most = 0;
    let answerAt: number | null = null;
    const answerAll = () => {
      for (const response of held.splice(0)) response.writeHead(204).end();
    };
    await using receiver = await startWebhookReceiver((response) => {
      held.push(response);
      most = Math.max(most, held.length);
      // each is waited for, and lies in memory, until it is answered
      if (answerAt === null) setTimeout(answerAll, 60);
      else if (held.length === answerAt) {
        answerAt = 1;
        answerAll();
      }
    });
    const queue = (count: number, bytes: number) => other.sql`
      insert into webhooks (id, run_id, thread_id, owner, url, payload, bytes)
      select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'local', ${receiver.url}, json_build_object('values', repeat('x', ${bytes})), ${bytes}
      from generate_series(1, ${count})`;
    await using _ = await started(other);
    await queue(20, MEGABYTES * 1_000_000);
    await settled(other);
    expect(most).toBeLessThanOrEqual(Math.ceil(16.8 / MEGABYTES) + 1);
    answerAt = MANY;
    await queue(SMALL, 10);
    await settled(other);
    expect(receiver.received).toHaveLength(20 + SMALL);
  });
});
