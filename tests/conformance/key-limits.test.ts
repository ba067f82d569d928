/** Keys that were made with limits of their own, over a real server. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "vitest";
import { WebSocket } from "ws";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";
import { bearer, JWT_SECRET } from "../helpers/tokens.ts";

const LIMITS = { RATE_LIMIT_PER_MINUTE: "6000", RATE_LIMIT_BURST: "1000", MAX_RUNS_PER_USER: "10", MAX_STREAMS_PER_USER: "10", MAX_BODY_BYTES: "100000" };
const here = world({ environment: () => ({ AUTH: "jwt,api-key", JWT_SECRET, ...LIMITS }) });

type Credential = Record<string, string>;
const ask = (credential: Credential, method: string, path: string, body?: unknown) =>
  here.http(method, path, body, { ...credential, "content-type": "application/json" });

async function keyOf(user: string, limits: Record<string, number>): Promise<Credential> {
  const made = await ask(await bearer({ sub: user }), "POST", "/auth/keys", { scopes: ["read", "write", "admin"], limits });
  expect(made.status).toBe(200);
  const { key, limits: told } = (await made.json()) as { key: string; limits: Record<string, number | null> };
  expect(told).toMatchObject(limits);
  return { "x-api-key": key };
}

verifies("limits.key-rate", async () => {
  const key = await keyOf("ada", { requests_per_minute: 3 });
  const other = await keyOf("ada", { requests_per_minute: 100 });
  const answers = [];
  const begun = performance.now();
  for (let time = 0; time < 5; time += 1) answers.push(await ask(key, "POST", "/threads", {}));
  const passed = (performance.now() - begun) / 1_000;
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
  const refused = answers[4];
  expect([refused?.headers.get("ratelimit-limit"), refused?.headers.get("ratelimit-remaining")]).toEqual(["3", "0"]);
  // one in 20 seconds, less what these five took
  const wait = Number(refused?.headers.get("retry-after"));
  expect([wait <= 20, wait >= Math.floor(20 - passed)]).toEqual([true, true]);
  expect((await ask(key, "POST", "/threads/search", {})).status).toBe(200);
  for (const credential of [other, await bearer({ sub: "ada" })]) expect((await ask(credential, "POST", "/threads", {})).status).toBe(200);
});

verifies("limits.key-socket", async () => {
  const key = await keyOf("bea", { requests_per_minute: 2, body_bytes: 2_000 });
  const { thread_id: thread } = (await (await ask(key, "POST", "/threads", {})).json()) as { thread_id: string };
  const open = async () => {
    const socket = new WebSocket(`${here.server.url.replace("http", "ws")}/threads/${thread}/stream/events`, { headers: key });
    await once(socket, "open");
    return socket;
  };
  const socket = await open();
  const say = async (id: number) => {
    socket.send(JSON.stringify({ id, method: "run.start", params: { assistant_id: "ask", input: {} } }));
    const [data] = (await once(socket, "message")) as [Buffer];
    return JSON.parse(data.toString()) as { type: string; message?: string };
  };
  expect(await say(1)).toMatchObject({ type: "success" });
  expect(await say(2)).toMatchObject({ type: "error", message: expect.stringContaining("Too many requests") as string });
  socket.send("x".repeat(3_000));
  const [code] = (await once(socket, "close")) as [number];
  expect(code).toBe(1009);
});

verifies("limits.key-runs", async () => {
  const key = await keyOf("carl", { runs: 1, streams: 1 });
  const token = await bearer({ sub: "carl" });
  const gate = here.gate();
  const run = (credential: Credential) => ask(credential, "POST", "/runs", { assistant_id: "gate", input: gate.input });
  const answers = await Promise.all([run(key), run(key), run(key)]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 429, 429]);
  const refused = answers.find(({ status }) => status === 429);
  expect([refused?.headers.get("retry-after"), await refused?.text()]).toEqual(["5", expect.stringContaining("1 runs of this key") as string]);
  expect((await run(token)).status).toBe(200);
  await gate.open();
  await until(
    () => run(key),
    ({ status }) => status === 200,
  );

  const { thread_id: thread } = (await (await ask(token, "POST", "/threads", {})).json()) as { thread_id: string };
  const stop = new AbortController();
  const stream = (credential: Credential) => fetch(`${here.server.url}/threads/${thread}/stream`, { headers: credential, signal: stop.signal });
  expect((await stream(key)).status).toBe(200);
  expect((await stream(key)).status).toBe(429);
  expect((await stream(token)).status).toBe(200);
  stop.abort();
});

verifies("limits.body", async () => {
  const key = await keyOf("dora", { body_bytes: 2_000 });
  const token = await bearer({ sub: "dora" });
  const body = (bytes: number) => ({ metadata: { text: "x".repeat(bytes) } });
  const [mine, others, huge] = [
    await ask(key, "POST", "/threads", body(3_000)),
    await ask(token, "POST", "/threads", body(3_000)),
    await ask(token, "POST", "/threads", body(200_000)),
  ];
  expect([mine.status, await mine.text()]).toEqual([413, "The request body is larger than 2000 bytes."]);
  expect(others.status).toBe(200);
  expect([huge.status, await huge.text()]).toEqual([413, "The request body is larger than 100000 bytes."]);
});

verifies("limits.key-within", async () => {
  const token = await bearer({ sub: "eve" });
  for (const limits of [{ runs: 11 }, { streams: 11 }, { requests_per_minute: 6_001 }, { body_bytes: 100_001 }, { runs: 0 }, { runs: 1.5 }, { rums: 1 }])
    expect((await ask(token, "POST", "/auth/keys", { limits })).status, JSON.stringify(limits)).toBe(400);
  const key = await keyOf("eve", { runs: 3 });
  expect((await ask(key, "POST", "/auth/keys", { limits: { runs: 4 } })).status).toBe(400);
  const child = await ask(key, "POST", "/auth/keys", { limits: { streams: 2 } });
  expect(await child.json()).toMatchObject({ limits: { runs: 3, streams: 2, requests_per_minute: null, body_bytes: null } });

  const create = (...words: string[]) =>
    promisify(execFile)(process.execPath, ["src/cli/slipway.ts", "keys", "create", "--user", "eve", ...words], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: { PATH: process.env["PATH"], HOME: "/tmp", DATABASE_URL: here.database.url, DATA_DIR: here.server.dataDir, ...LIMITS },
    });
  await create("--runs", "2", "--body-bytes", "5000");
  const listed = (await (await ask(token, "GET", "/auth/keys")).json()) as { items: { limits: object }[] };
  expect(listed.items.map(({ limits }) => limits)).toContainEqual({ runs: 2, body_bytes: 5_000, streams: null, requests_per_minute: null });
  await expect(create("--runs", "11")).rejects.toMatchObject({ stderr: expect.stringContaining("limits.runs may be 10 at most") as string });
});
