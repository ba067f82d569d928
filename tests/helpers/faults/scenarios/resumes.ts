import { expect } from "vitest";
import { say } from "../facts.ts";
import type { World } from "./world.ts";

/** Many answers to one question at once, over all servers: one is taken, the others are told that they came too late. */
export async function oneAnswerOfMany(world: World, input: { answers: number; rounds: number }): Promise<void> {
  const { fleet, ledger } = world;
  let accepted = 0;
  const others = new Map<number, number>();
  for (let round = 0; round < input.rounds; round += 1) {
    const thread = crypto.randomUUID();
    await fleet.client().runs.wait(thread, "ask", { input: {}, ifNotExists: "create" });
    const before = (await ledger.keys()).size;
    const answers = await Promise.all(
      Array.from({ length: input.answers }, async (_, index) => {
        const url = fleet.servers[index % fleet.servers.length]?.url;
        const answer = await fetch(`${url}/threads/${thread}/runs`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ assistant_id: "ask", command: { resume: `answer ${index}` } }),
        });
        return { index, status: answer.status, run: answer.status === 200 ? ((await answer.json()) as { run_id: string }) : null };
      }),
    );
    const taken = answers.filter((answer) => answer.run !== null);
    for (const { status } of answers) if (status !== 200) others.set(status, (others.get(status) ?? 0) + 1);
    expect(taken).toHaveLength(1);
    accepted += taken.length;
    const [winner] = taken;
    await fleet.client().runs.join(thread, winner?.run?.run_id ?? "");
    const state = await fleet.client().threads.getState<{ answers: object }>(thread);
    expect(state.values.answers).toEqual({ question: `answer ${winner?.index}` });
    expect((await ledger.keys()).size).toBe(before + 1);
  }
  say("one answer of many", {
    questions: input.rounds,
    "answers each": input.answers,
    accepted,
    ...Object.fromEntries([...others].map(([status, n]) => [`told ${status}`, n])),
  });
  expect([...others.keys()]).toEqual([409]);
}

/** Eight questions at once, servers and workers replaced while they wait, then answered by a map: each answer reaches its own question. */
export async function answersAfterRestart(world: World, input: { threads: number; replace: number }): Promise<void> {
  const { fleet } = world;
  const threads = Array.from({ length: input.threads }, () => crypto.randomUUID());
  await Promise.all(threads.map((thread, index) => fleet.client(index).runs.wait(thread, "ask_eight", { input: {}, ifNotExists: "create" })));
  const before = [...fleet.servers.slice(0, input.replace), ...fleet.workers.slice(0, input.replace)];
  await Promise.all(before.map((member) => member.end("SIGTERM")));
  await Promise.all(before.map((member) => fleet.add(member.role)));
  let right = 0;
  await Promise.all(
    threads.map(async (thread, index) => {
      const client = fleet.client(index);
      const { interrupts } = await client.threads.get(thread);
      const resume = Object.fromEntries(
        Object.values(interrupts ?? {})
          .flat()
          .map((one) => [one.id ?? "", `to ${(one.value as { question: string }).question}`]),
      );
      expect(Object.keys(resume)).toHaveLength(8);
      const values = (await client.runs.wait(thread, "ask_eight", { command: { resume } })) as { answers: Record<string, string>; acted: boolean };
      expect(values.acted).toBe(true);
      right += Object.entries(values.answers).filter(([question, answer]) => answer === `to ${question}`).length;
    }),
  );
  say("answers after a restart", { threads: threads.length, questions: threads.length * 8, "answers at their question": right });
  expect(right).toBe(threads.length * 8);
}
