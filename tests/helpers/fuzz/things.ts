import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { World } from "../../conformance/world.ts";
import { until } from "../../conformance/world.ts";
import type { Kind } from "./requests.ts";

/** What a request may be about. The same index of thread, run and checkpoint is one story. */
export interface Things {
  ids: Record<Kind, string[]>;
  /** Lets the runs that wait at a gate go. */
  release(): Promise<void>;
}

/** A thread in every state, with runs in every state, and something of everything else. */
export async function makeThings(here: World): Promise<Things> {
  const { client } = here;
  // not in the server's own folder, whose name no answer may hold
  const gate = join(tmpdir(), `fuzz-gate-${randomUUID()}`);
  const newThread = async () => (await client.threads.create({ metadata: { topic: "fuzz" } })).thread_id;

  const finished = async (graph: string) => {
    const thread = await newThread();
    const run = await client.runs.create(thread, graph, { input: {}, streamResumable: true });
    await client.runs.join(thread, run.run_id);
    return { thread, run: run.run_id };
  };
  const busy = async () => {
    const thread = await newThread();
    const run = await client.runs.create(thread, "gate", { input: { gate }, streamResumable: true });
    await until(
      () => client.runs.get(thread, run.run_id),
      ({ status }) => status === "running",
    );
    return { thread, run: run.run_id };
  };
  const waiting = async ({ thread }: { thread: string }) => ({
    thread,
    run: (await client.runs.create(thread, "steps", { input: {}, multitaskStrategy: "enqueue" })).run_id,
  });

  const held = await busy();
  const stories = [
    await finished("steps"),
    await finished("ask"),
    await finished("ask_two"),
    // a run that fails says so in what it answers
    await finished("boom").catch(() => null),
    held,
    await waiting(held),
    { thread: await newThread(), run: "00000000-0000-4000-8000-000000000000" },
    await finished("memory"),
  ].filter((story) => story !== null);
  const checkpoints = await Promise.all(
    stories.map(async ({ thread }) => {
      const [state] = await client.threads.getHistory(thread, { limit: 1 });
      return state?.checkpoint.checkpoint_id ?? "00000000-0000-4000-8000-000000000000";
    }),
  );

  const made = await Promise.all(
    ["steps", "ask", "memory"].map(async (graphId) => {
      const { assistant_id } = await client.assistants.create({ graphId, name: "fuzz", metadata: { topic: "fuzz" } });
      await client.assistants.update(assistant_id, { metadata: { second: true } });
      return assistant_id;
    }),
  );
  const crons = [
    await client.crons.create("steps", { schedule: "0 0 1 1 *", input: {} }),
    await client.crons.createForThread(stories[0]?.thread ?? "", "steps", { schedule: "0 0 1 1 *", input: {} }),
  ];
  for (const [namespace, key] of [
    [["fuzz"], "a"],
    [["fuzz"], "b"],
    [["fuzz", "deep"], "k"],
  ] as const)
    await client.store.putItem([...namespace], key, { topic: "x", n: 2 });
  const inbox = (await (await here.http("GET", "/approvals?limit=20")).json()) as { items: { id: string }[] };

  return {
    ids: {
      thread: stories.map(({ thread }) => thread),
      run: stories.map(({ run }) => run),
      checkpoint: checkpoints,
      assistant: [...made, "steps", "mirror"],
      cron: crons.map((cron) => String((cron as { cron_id: string }).cron_id)),
      approval: inbox.items.map(({ id }) => id),
    },
    async release() {
      await writeFile(gate, "");
      // with what still runs or waits there; some are gone already
      await Promise.allSettled(stories.map(({ thread }) => client.threads.delete(thread)));
      await rm(gate);
    },
  };
}
