import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { world } from "./world.ts";

const here = world();

interface Question {
  id: string;
  value: { question: string };
}

async function asking(graph: string): Promise<{ id: string; questions: Question[] }> {
  const { thread_id: id } = await here.client.threads.create();
  await here.client.runs.wait(id, graph, { input: {} });
  const state = await here.client.threads.getState(id);
  // our own graphs ask with this shape
  return { id, questions: state.tasks.flatMap((task) => task.interrupts) as unknown as Question[] };
}

verifies("interrupt.thread", async () => {
  const { id, questions } = await asking("ask");
  expect(questions).toEqual([expect.objectContaining({ id: expect.any(String), value: { question: "first" } })]);
  const thread = await here.client.threads.get(id);
  expect(thread.status).toBe("interrupted");
  expect(Object.values(thread.interrupts).flat()).toEqual([expect.objectContaining({ id: questions[0]?.id, value: { question: "first" } })]);
});

verifies("interrupt.resume", async () => {
  const { id } = await asking("ask");
  expect(await here.client.runs.wait(id, "ask", { command: { resume: { yes: true } } })).toEqual({ answers: { first: { yes: true } }, done: true });
  const thread = await here.client.threads.get(id);
  expect([thread.status, thread.interrupts]).toEqual(["idle", {}]);
});

verifies("interrupt.resume-0.3", async () => {
  const { id, questions } = await asking("ask_as_old");
  expect(questions).toEqual([expect.objectContaining({ id: expect.stringMatching(/^[0-9a-f]{32}$/), value: { question: "first" } })]);
  expect(await here.client.runs.wait(id, "ask_as_old", { command: { resume: { yes: true } } })).toEqual({ answers: { first: { yes: true } }, done: true });
});

verifies("interrupt.resume-falsy", async () => {
  for (const answer of [false, 0, ""]) {
    const { id } = await asking("ask");
    expect(await here.client.runs.wait(id, "ask", { command: { resume: answer } })).toEqual({ answers: { first: answer }, done: true });
  }
});

verifies("interrupt.resume-by-id", async () => {
  const together = await asking("ask_two");
  const resume = Object.fromEntries(together.questions.map(({ id, value }) => [id, `${value.question}!`]));
  expect(await here.client.runs.wait(together.id, "ask_two", { command: { resume } })).toEqual({ answers: { left: "left!", right: "right!" }, done: true });

  const apart = await asking("ask_two");
  for (const { id, value } of apart.questions) await here.client.runs.wait(apart.id, "ask_two", { command: { resume: { [id]: `${value.question}?` } } });
  expect((await here.client.threads.getState(apart.id)).values).toEqual({ answers: { left: "left?", right: "right?" }, done: true });
});

verifies("interrupt.update-goto", async () => {
  const { thread_id: id } = await here.client.threads.create();
  await here.client.runs.wait(id, "steps", { input: {} });
  const moved = await here.client.runs.wait(id, "steps", { command: { update: { log: ["moved"] }, goto: "three" } });
  expect(moved).toMatchObject({ log: ["one", "two", "three", "moved", "three"] });
});

verifies("interrupt.command-shapes", async () => {
  const { thread_id: id } = await here.client.threads.create();
  await here.client.runs.wait(id, "crossing", { input: { way: "left" } });
  let log = ["choose left", "left"];
  const sent = async (command: Record<string, unknown>, added: string[], rest: Record<string, unknown> = {}) => {
    const answer = await here.http("POST", `/threads/${id}/runs/wait`, { assistant_id: "crossing", command });
    log = [...log, ...added];
    expect([answer.status, await answer.json()]).toEqual([200, { way: "left", ...rest, log }]);
  };
  await sent({ update: [["log", ["pairs"]]] }, ["pairs"]);
  await sent({ goto: "left" }, ["left"]);
  await sent({ goto: { node: "carry", input: { load: "one" } } }, ["carry one"]);
  await sent({ goto: ["left", { node: "carry", input: { load: "two" } }] }, ["left", "carry two"]);
  // LangGraph's own Send and Command as JSON, and Python's with all its fields
  await sent({ lg_name: "Command", goto: [{ lg_name: "Send", node: "carry", args: { load: "three" } }] }, ["carry three"]);
  await sent({ graph: null, update: { log: ["four"] }, resume: null, goto: [] }, ["four"]);
  const nothing = await here.http("POST", `/threads/${id}/runs/wait`, { assistant_id: "crossing", command: { resume: "no question" } });
  expect(nothing.status).toBe(409);
});
