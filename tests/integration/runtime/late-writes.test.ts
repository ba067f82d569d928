import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { Database } from "#db/client.ts";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { FENCE_KEY } from "#runtime/checkpointer-config.ts";
import { readLanggraphProject } from "#runtime/langgraph-project.ts";
import { loadGraphs } from "#runtime/load-graphs.ts";
import { Store } from "#runtime/store.ts";
import { testDatabase } from "../../helpers/database.ts";
import { eventually, FIXTURE_GRAPHS, LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";

/** Holds a run's checkpoints back, as a slow database would, until the state is read from outside of the run. */
class SlowCheckpointer extends Checkpointer {
  holding = false;
  readonly #held = new Set<Promise<unknown>>();
  #open: () => void = () => {};
  #gate: Promise<void> = Promise.resolve();

  hold(): void {
    this.holding = true;
    this.#gate = new Promise((resolve) => (this.#open = resolve));
  }

  get held(): number {
    return this.#held.size;
  }

  override put(...args: Parameters<Checkpointer["put"]>): ReturnType<Checkpointer["put"]> {
    if (!this.holding) return super.put(...args);
    const late = this.#gate.then(() => super.put(...args));
    this.#held.add(late.catch(() => {}));
    return late;
  }

  override async getTuple(config: RunnableConfig): ReturnType<Checkpointer["getTuple"]> {
    const fromOutside = config.configurable?.[FENCE_KEY] === undefined;
    if (fromOutside && this.holding) {
      this.#open();
      await Promise.all(this.#held);
      this.holding = false;
    }
    return super.getTuple(config);
  }
}

async function slowRuntime(database: Database) {
  const checkpointer = new SlowCheckpointer(database);
  const store = new Store(database);
  const graphs = await loadGraphs({ project: await readLanggraphProject({ configPath: FIXTURE_GRAPHS, environment: {} }), checkpointer, store });
  const runtime = await testRuntime(database, { checkpointer, graphs, store });
  await runtime.start();
  return { runtime, checkpointer };
}

test.each(["rollback", "interrupt"] as const)("what a cancelled run still had under way changes nothing after its end (%s)", async (action) => {
  const { database } = await testDatabase();
  const { runtime, checkpointer } = await slowRuntime(database);
  await using _ = runtime;
  const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
  const start = (steps: number, ms: number) =>
    runtime.services.runs.create(LOCAL, thread, { assistant_id: "slow", input: { steps, ms }, durability: "async" }, NO_HEADERS);
  const first = await start(2, 0);
  await runtime.services.runs.join(LOCAL, thread, first.run_id, { cancelOnDisconnect: false, signal: new AbortController().signal });
  const stored = async () =>
    (await database.sql`select checkpoint_id from checkpoints where thread_id = ${thread} order by 1`).map((row) => String(row["checkpoint_id"]));
  const before = await stored();
  checkpointer.hold();
  const second = await start(50, 100);
  await eventually(
    async () => checkpointer.held,
    (held) => held >= 1,
  );
  await runtime.services.runs.cancel(LOCAL, thread, second.run_id, { action, wait: true });
  if (action === "rollback") expect(await stored()).toEqual(before);
  // what the thread is said to hold is what it holds
  const [said, held] = [await runtime.services.threads.get(LOCAL, thread), await runtime.services.threads.state(LOCAL, thread, { subgraphs: false })];
  expect(said.values).toEqual(held.values);
});

// LangGraph saves it behind the back of whoever aborted the run
test("a cancelled run with durability exit keeps what it had done", async () => {
  const { database } = await testDatabase();
  const { runtime, checkpointer } = await slowRuntime(database);
  await using _ = runtime;
  const { serde } = checkpointer;
  const dumpsTyped = async (value: unknown) => {
    await delay(20);
    return serde.dumpsTyped(value);
  };
  checkpointer.serde = { dumpsTyped, loadsTyped: (type, data) => serde.loadsTyped(type, data) };
  const thread = (await runtime.services.threads.create(LOCAL, {})).thread_id;
  const input = {
    assistant_id: "slow",
    input: { steps: 2, ms: 0, gate: "/nowhere/to/be/found" },
    durability: "exit" as const,
    stream_mode: ["custom" as const],
  };
  const { run, stream } = await runtime.services.runs.stream(LOCAL, thread, input, { ...NO_HEADERS, signal: new AbortController().signal });
  for await (const frame of stream) if (frame.event === "custom") break;
  await runtime.services.runs.cancel(LOCAL, thread, run.run_id, { action: "interrupt", wait: true });
  expect(await runtime.services.threads.state(LOCAL, thread, { subgraphs: false })).toMatchObject({ values: { done: [1] }, next: ["step"] });
});
