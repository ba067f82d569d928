import { once } from "node:events";
import { Client } from "@langchain/langgraph-sdk";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { until, world } from "../../conformance/world.ts";
import { bearer, JWT_SECRET } from "../../helpers/tokens.ts";

const here = world({
  environment: () => ({ AUTH: "jwt", JWT_SECRET, RATE_LIMIT_PER_MINUTE: "0", MAX_RUNS_PER_USER: "3", MAX_STREAMS_PER_USER: "2" }),
});

const clientOf = (credential: Record<string, string>) =>
  new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders: credential, callerOptions: { maxRetries: 0 } });

test("of many runs at once a user gets as many as may be, somebody else is not held back, and what is over makes room", async () => {
  const token = await bearer({ sub: "ada" });
  const ada = clientOf(token);
  const gate = here.gate();
  const create = () => here.http("POST", "/runs", { assistant_id: "gate", input: gate.input }, { ...token, "content-type": "application/json" });
  const answers = await Promise.all(Array.from({ length: 10 }, create));
  const [made, refused] = [answers.filter(({ ok }) => ok), answers.filter(({ ok }) => !ok)];
  expect([made.length, refused.length]).toEqual([3, 7]);
  for (const answer of refused)
    expect([answer.status, answer.headers.get("retry-after"), answer.headers.get("x-error-code")]).toEqual([429, "5", "rate_limited"]);
  expect(await clientOf(await bearer({ sub: "bob" })).runs.create(null, "gate", { input: gate.input })).toBeDefined();
  await gate.open();
  await until(create, ({ ok }) => ok);
  // a question does not count, and its answer finds room
  const { thread_id: asked } = await ada.threads.create();
  await until(
    () =>
      ada.runs.wait(asked, "ask", { input: {} }).then(
        () => true,
        () => false,
      ),
    (done) => done,
  );
  const shut = here.gate();
  await until(
    async () =>
      (
        await Promise.all(
          [1, 2, 3].map(() =>
            ada.runs.create(null, "gate", { input: shut.input }).then(
              () => true,
              () => false,
            ),
          ),
        )
      ).includes(false),
    (full) => full,
  );
  const [question] = Object.values((await ada.threads.get(asked)).interrupts ?? {}).flat();
  expect(question).toBeDefined();
  expect(await ada.runs.create(asked, "ask", { command: { resume: "yes" } })).toBeDefined();
  await shut.open();
});

test("streams and WebSockets share their places, and one that closes makes room", async () => {
  const token = await bearer({ sub: "carl" });
  const { thread_id: thread } = await clientOf(token).threads.create();
  const stop = new AbortController();
  const stream = () => fetch(`${here.server.url}/threads/${thread}/stream`, { headers: token, signal: stop.signal });
  expect((await stream()).status).toBe(200);
  const socket = new WebSocket(`${here.server.url.replace("http", "ws")}/threads/${thread}/stream/events`, { headers: token });
  await once(socket, "open");
  const third = await stream();
  expect([third.status, third.headers.get("retry-after")]).toEqual([429, "5"]);
  expect((await here.http("GET", `/threads/${thread}`, undefined, token)).status).toBe(200);
  socket.close();
  await until(stream, ({ status }) => status === 200);
  stop.abort();
});
