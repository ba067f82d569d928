import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";

const here = world();

const newThread = async () => (await here.client.threads.create()).thread_id;

/** The control of every test here: the server still does what it should. */
async function stillWorks(): Promise<void> {
  expect(await here.client.runs.wait(await newThread(), "steps", { input: {} })).toMatchObject({ last: "three" });
}

async function asking(graph: string): Promise<{ id: string; interruptIds: string[] }> {
  const id = await newThread();
  await here.client.runs.wait(id, graph, { input: {} });
  const state = await here.client.threads.getState(id);
  return { id, interruptIds: state.tasks.flatMap((task) => task.interrupts.map((interrupt) => String(interrupt.id))) };
}

/** Headers of a wait go out before the run ends, so the whole answer is read. */
async function resume(id: string, graph: string, answer: unknown): Promise<Response> {
  const response = await here.http("POST", `/threads/${id}/runs/wait`, { assistant_id: graph, command: { resume: answer } });
  await response.text();
  return response;
}

const refusal = (answer: Response) => [answer.status, answer.headers.get("x-error-code")];

verifies("bad.ids", async () => {
  const routes = (thread: string, run: string): [string, string, unknown?][] => [
    ["GET", `/threads/${thread}`],
    ["PATCH", `/threads/${thread}`, { metadata: {} }],
    ["GET", `/threads/${thread}/state`],
    ["POST", `/threads/${thread}/state`, { values: {} }],
    ["POST", `/threads/${thread}/state/checkpoint`, { checkpoint: {} }],
    ["POST", `/threads/${thread}/history`, {}],
    ["POST", `/threads/${thread}/runs`, { assistant_id: "steps", input: {} }],
    ["POST", `/threads/${thread}/runs/wait`, { assistant_id: "steps", input: {} }],
    ["POST", `/threads/${thread}/runs/stream`, { assistant_id: "steps", input: {} }],
    ["GET", `/threads/${thread}/runs`],
    ["GET", `/threads/${thread}/runs/${run}`],
    ["GET", `/threads/${thread}/runs/${run}/join`],
    ["POST", `/threads/${thread}/runs/${run}/cancel`],
    ["DELETE", `/threads/${thread}/runs/${run}`],
    ["DELETE", `/threads/${thread}`],
    ["GET", `/approvals/${run}`],
    ["POST", `/approvals/${run}/decision`, { type: "approve" }],
    ["GET", `/projects/${run}`],
    ["POST", `/projects/${run}/rollback`, {}],
    ["POST", `/projects/${run}/undeploy`, {}],
    ["GET", `/projects/${run}/logs`],
  ];
  const answered = async (thread: string, run: string) =>
    Promise.all(
      routes(thread, run).map(
        async ([method, path, body]) => `${method} ${path.replace(thread, ":t").replace(run, ":r")} ${(await here.http(method, path, body)).status}`,
      ),
    );
  expect((await answered("junk", "junk")).filter((line) => !line.endsWith(" 400"))).toEqual([]);
  expect((await answered(randomUUID(), randomUUID())).filter((line) => !line.endsWith(" 404"))).toEqual([]);
  expect((await here.http("GET", `/threads/${await newThread()}/runs/${randomUUID()}`)).status).toBe(404);
  await stillWorks();
});

verifies("bad.bodies", async () => {
  const id = await newThread();
  const path = `/threads/${id}/runs`;
  const wrong: [string, number][] = [
    ["{", 400],
    ["[]", 400],
    ["null", 400],
    ['"text"', 400],
    ["{}", 400],
    ['{"assistant_id":7}', 400],
    ['{"assistant_id":"steps","stream_mode":"novelty"}', 400],
    ['{"assistant_id":"steps","config":{"recursion_limit":"many"}}', 400],
    ['{"assistant_id":"steps","multitask_strategy":"novelty"}', 400],
    ['{"assistant_id":"steps","command":{"goto":{"no":"node"}}}', 400],
    ['{"assistant_id":"steps","after_seconds":1e15}', 400],
    [`{"assistant_id":"steps","input":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 400],
    [`{"assistant_id":"steps","input":{"big":"${"x".repeat(11_000_000)}"}}`, 413],
  ];
  for (const [body, status] of wrong) {
    const answer = await here.http("POST", path, body);
    expect([body.slice(0, 80), answer.status]).toEqual([body.slice(0, 80), status]);
    expect((await answer.text()).length).toBeGreaterThan(10);
  }
  for (const input of [7, "text", [], true]) {
    const answer = await here.http("POST", `/threads/${id}/runs/wait`, { assistant_id: "steps", input });
    expect(answer.status).toBeLessThan(500);
    await answer.text();
  }
  expect((await here.http("GET", "/assistants/%00")).status).toBe(400);
  expect((await here.http("GET", "/threads/%E0%A4%A")).status).toBe(400);
  expect((await here.http("POST", "/threads/search", { limit: 0 })).status).toBe(400);
  expect((await here.http("POST", "/threads/search", { limit: 1_001 })).status).toBe(400);
  await stillWorks();
});

verifies("bad.characters", async () => {
  const raw = String.raw`{"metadata":{"nul":"a\u0000b","lone\ud800":"x\udc00y","emoji":"😀"}}`;
  const made = (await (await here.http("POST", "/threads", raw)).json()) as { thread_id: string; metadata: unknown };
  expect(made.metadata).toEqual({ nul: "a\uFFFDb", "lone\uFFFD": "x\uFFFDy", emoji: "😀" });
  const input = String.raw`{"assistant_id":"chat","input":{"messages":[{"type":"human","content":"a\u0000b\ud800c\u2028d"}]}}`;
  const values = (await (await here.http("POST", `/threads/${made.thread_id}/runs/wait`, input)).json()) as { messages: { content: string }[] };
  expect(values.messages.map((message) => message.content)).toEqual(["a\uFFFDb\uFFFDc\u2028d", "Hello to you too"]);
  expect((await here.http("PUT", "/store/items", String.raw`{"namespace":["n"],"key":"k\u0000","value":{"v":"\u0000"}}`)).status).toBe(204);
  // a NUL that a graph makes by itself, out of what it was given
  expect(await here.client.threads.getState(made.thread_id)).toMatchObject({ values: { messages: expect.any(Array) } });
});

verifies("bad.last-event-id", async () => {
  const id = await newThread();
  const run = await here.client.runs.create(id, "steps", { input: {}, streamResumable: true });
  await here.client.runs.join(id, run.run_id);
  const path = `/threads/${id}/runs/${run.run_id}/stream`;
  for (const junk of ["junk", "-7", "1-0", "0x1", "9".repeat(300)])
    expect((await here.http("GET", path, undefined, { "last-event-id": junk })).status).toBe(400);
  const beyond = await here.http("GET", path, undefined, { "last-event-id": "999999" });
  expect([beyond.status, await beyond.text()]).toEqual([200, ""]);
  const whole = await here.http("GET", path, undefined, { "last-event-id": "-1" });
  expect(await whole.text()).toContain("event: metadata");
});

verifies("bad.reserved", async () => {
  const id = await newThread();
  const forged = { __slipway: "forged", __pregel_checkpointer: "forged", __pregel_resuming: "forged" };
  const answer = await here.http("POST", `/threads/${id}/runs/wait`, {
    assistant_id: "mirror",
    input: {},
    config: { configurable: forged, ...forged },
    context: forged,
    checkpoint: forged,
    metadata: forged,
  });
  expect(answer.status).toBe(200);
  const values = (await answer.json()) as { configurable: unknown; context: unknown };
  expect(JSON.stringify([values.configurable, values.context])).not.toContain("forged");
  const assistant = await here.client.assistants.create({ graphId: "mirror", config: { configurable: forged }, context: forged });
  const indirect = await here.client.runs.wait(id, assistant.assistant_id, { input: {} });
  expect(JSON.stringify(indirect)).not.toContain("forged");
});

verifies("bad.checkpoint", async () => {
  const id = await newThread();
  await here.client.runs.wait(id, "steps", { input: {} });
  const before = await here.client.threads.getState(id);
  for (const checkpoint_id of [randomUUID(), "junk"]) {
    const asked = { assistant_id: "steps", input: {}, checkpoint: { checkpoint_id } };
    expect(refusal(await here.http("POST", `/threads/${id}/runs/wait`, asked))).toEqual([404, "not_found"]);
    expect(refusal(await here.http("POST", `/threads/${id}/runs/stream`, { assistant_id: "steps", input: null, checkpoint_id }))).toEqual([404, "not_found"]);
    expect(refusal(await here.http("POST", `/threads/${id}/state`, { values: {}, checkpoint: { checkpoint_id } }))).toEqual([404, "not_found"]);
  }
  expect(await here.client.threads.getState(id)).toEqual(before);
});

verifies("bad.update", async () => {
  const id = await newThread();
  await here.client.runs.wait(id, "steps", { input: {} });
  const before = await here.client.threads.getState(id);
  const update = (body: unknown) => here.http("POST", `/threads/${id}/state`, body);
  expect(refusal(await update({ values: {}, checkpoint: { checkpoint_ns: "nowhere:junk|7" } }))).toEqual([404, "not_found"]);
  expect(refusal(await update({ values: [], as_node: "one" }))).toEqual([400, "invalid_request"]);
  expect(refusal(await update({ values: { log: ["x"] }, as_node: "nowhere" }))).toEqual([400, "invalid_request"]);
  expect(await here.client.threads.getState(id)).toEqual(before);
});

verifies("bad.resume-nothing", async () => {
  const id = await newThread();
  expect(refusal(await resume(id, "steps", "yes"))).toEqual([409, "nothing_to_resume"]);
  await here.client.runs.wait(id, "steps", { input: {} });
  const before = await here.client.threads.getState(id);
  expect(refusal(await resume(id, "steps", "yes"))).toEqual([409, "nothing_to_resume"]);
  expect(await here.client.threads.getState(id)).toEqual(before);
  await stillWorks();
});

verifies("bad.resume-stale", async () => {
  const { id, interruptIds } = await asking("ask");
  const stale = Object.fromEntries(interruptIds.map((interrupt) => [interrupt, "once"]));
  expect((await resume(id, "ask", stale)).status).toBe(200);
  const before = await here.client.threads.getState(id);
  const answer = await resume(id, "ask", stale);
  expect(answer.status).toBe(409);
  expect(["nothing_to_resume", "already_decided"]).toContain(answer.headers.get("x-error-code"));
  expect(await here.client.threads.getState(id)).toEqual(before);

  // while another question is pending, an id that is none of its own does not answer it
  const two = await asking("ask_two");
  const [first = ""] = two.interruptIds;
  await resume(two.id, "ask_two", { [first]: "answered" });
  const again = await resume(two.id, "ask_two", { [first]: "again" });
  expect(again.status).toBe(409);
  expect((await here.client.threads.get(two.id)).status).toBe("interrupted");
  expect(await here.client.runs.wait(two.id, "ask_two", { command: { resume: { [two.interruptIds[1] ?? ""]: "other" } } })).toMatchObject({ done: true });
});

verifies("bad.resume-twice", async () => {
  const { id, interruptIds } = await asking("ask");
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => resume(id, "ask", { [interruptIds[0] ?? ""]: `answer ${index}` })));
  const statuses = answers.map((answer) => answer.status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409)).toHaveLength(19);
  const winner = statuses.indexOf(200);
  expect((await here.client.threads.getState(id)).values).toMatchObject({ answers: { first: `answer ${winner}` }, done: true });
  expect((await here.client.runs.list(id)).length).toBe(2);
});

verifies("bad.resume-ambiguous", async () => {
  const { id } = await asking("ask_two");
  expect(refusal(await resume(id, "ask_two", "for whom?"))).toEqual([409, "resume_ambiguous"]);
  const state = await here.client.threads.getState(id);
  expect(state.tasks.flatMap((task) => task.interrupts)).toHaveLength(2);
  expect((await here.client.threads.get(id)).status).toBe("interrupted");
});

verifies("bad.message-while-busy", async () => {
  const [id, gate] = [await newThread(), here.gate()];
  const run = await here.client.runs.create(id, "gate", { input: gate.input });
  await until(
    () => here.client.runs.get(id, run.run_id),
    ({ status }) => status === "running",
  );
  for (const path of ["runs", "runs/wait", "runs/stream"]) {
    const answer = await here.http("POST", `/threads/${id}/${path}`, { assistant_id: "gate", input: { log: ["too early"] } });
    expect(refusal(answer)).toEqual([409, "thread_busy"]);
    await answer.text();
  }
  await gate.open();
  expect(await here.client.runs.join(id, run.run_id)).toMatchObject({ log: ["entered", "passed"] });
});

verifies("bad.concurrent-create", async () => {
  const [id, gate] = [await newThread(), here.gate()];
  const answers = await Promise.all(Array.from({ length: 20 }, () => here.http("POST", `/threads/${id}/runs`, { assistant_id: "gate", input: gate.input })));
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  expect(answers.filter((answer) => answer.status === 409)).toHaveLength(19);
  await gate.open();
  const [run] = await here.client.runs.list(id);
  expect(await here.client.runs.join(id, run?.run_id ?? "")).toMatchObject({ log: ["entered", "passed"] });
});

verifies("foreign.careless", async () => {
  expect(await here.client.runs.wait(await newThread(), "careless", { input: {} })).toMatchObject({ done: true });
  await until(
    async () => here.server.output(),
    (output) => output.includes("nobody waits for this") && output.includes("nobody catches this"),
  );
  await stillWorks();
});

verifies("bad.no-leaks", async () => {
  const id = await newThread();
  const texts = await Promise.all(
    [
      here.http("POST", `/threads/${id}/runs/wait`, { assistant_id: "boom", input: {} }),
      here.http("POST", "/threads", '{"metadata":'),
      here.http("GET", `/threads/${randomUUID()}`),
      here.http("POST", "/threads/search", { metadata: { "x' or 1=1 --": 1 } }),
      here.http("POST", "/store/items/search", { namespace_prefix: ["a"], filter: { "x' or 1=1 --": { $novelty: 1 } } }),
      here.http("POST", "/assistants/search", { metadata: { 'a"b': "';" } }),
      here.http("POST", `/threads/${id}/state/checkpoint`, { checkpoint: { checkpoint_id: "junk", checkpoint_ns: "a|b:c", checkpoint_map: { x: {} } } }),
      here.http("POST", `/threads/${id}/history`, { before: "junk", limit: 5 }),
    ].map(async (answer) => {
      const { status } = await answer;
      expect(status).toBeLessThan(500);
      return (await answer).text();
    }),
  );
  for (const text of texts) expect(text).not.toMatch(/postgres(?:ql)?:\/\/|127\.0\.0\.1:5432|\bat .+:\d+:\d+|node_modules|\/src\/|select |insert into/i);
});
