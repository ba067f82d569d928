import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { say } from "../facts.ts";
import { eventually } from "../../runtime.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { mostAtOnce, readHistory } from "../run-history.ts";
import type { World } from "./world.ts";

const STRATEGIES = ["reject", "enqueue", "interrupt", "rollback"] as const;

/** Many posts at once to one thread, over all servers, under each strategy: never two runs at a time, and each strategy's own promise. */
export async function multitaskAtOnce(world: World, input: { posts: number }): Promise<void> {
  const { db, fleet } = world;
  const { sql } = db.database;
  const folder = temporaryFolder("multitask");
  for (const strategy of STRATEGIES) {
    const thread = crypto.randomUUID();
    const client = fleet.client();
    await client.runs.wait(thread, "steps", { input: { steps: 2, ms: 0 }, ifNotExists: "create" });
    const before = await stateOf(world, thread);
    // under `reject` the one that is accepted must still be there when the last one comes
    const ms = strategy === "reject" || strategy === "rollback" ? 60_000 : 10;
    // under `interrupt` none may end before the next one comes
    const gate = join(folder, strategy);
    const steps = strategy === "enqueue" ? 1 : 3;
    const answers = await Promise.all(
      Array.from({ length: input.posts }, async (_, index) => {
        const answer = await fetch(`${fleet.servers[index % fleet.servers.length]?.url}/threads/${thread}/runs`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            assistant_id: "steps",
            input: { steps: 2 + steps * (index + 1), ms, ...(strategy === "interrupt" ? { gate } : {}) },
            multitask_strategy: strategy,
            config: { recursion_limit: 1_000 },
          }),
        });
        return { status: answer.status, run: answer.status === 200 ? ((await answer.json()) as { run_id: string }) : null };
      }),
    );
    await writeFile(gate, "");
    const accepted = answers.flatMap((answer) => (answer.run === null ? [] : [answer.run.run_id]));
    const active = async () => (await sql`select 1 from runs where thread_id = ${thread} and status in ('pending', 'running')`).length;
    if (strategy === "reject") await client.runs.cancel(thread, accepted[0] ?? "", true, "rollback");
    if (strategy === "rollback") {
      // the last one too: what remains is what was there before all of them
      await eventually(active, (runs) => runs <= 1);
      const [last] = await sql<{ run_id: string }[]>`select run_id from runs where thread_id = ${thread} and status in ('pending', 'running')`;
      expect(last).toBeDefined();
      await client.runs.cancel(thread, last?.run_id ?? "", true, "rollback");
    }
    await eventually(active, (runs) => runs === 0);
    const history = (await readHistory(db.database)).filter((change) => change.thread_id === thread);
    const statuses = await sql<{ run_id: string; status: string }[]>`select run_id, status from runs where thread_id = ${thread} order by sequence`;
    say(`multitask ${strategy}`, {
      posts: input.posts,
      accepted: accepted.length,
      refused: answers.length - accepted.length,
      "most at once": mostAtOnce(history),
    });
    expect(mostAtOnce(history)).toBe(1);
    if (strategy === "reject") {
      expect(accepted).toHaveLength(1);
      expect(answers.filter((answer) => answer.status === 409)).toHaveLength(input.posts - 1);
      continue;
    }
    expect(accepted).toHaveLength(input.posts);
    if (strategy === "enqueue") {
      // first in, first out: begun in the order in which they were inserted
      const inserted = history.filter((change) => change.op === "INSERT").map((change) => change.run_id);
      const begun = history.filter((change) => change.status === "running" && change.epoch === 1).map((change) => change.run_id);
      expect(begun).toEqual(inserted);
      expect(statuses.every((run) => run.status === "success")).toBe(true);
    } else if (strategy === "interrupt") {
      expect(statuses.at(-1)?.status).toBe("success");
      expect(statuses.slice(1, -1).every((run) => run.status === "interrupted")).toBe(true);
    } else {
      expect(statuses).toHaveLength(1);
      expect(await stateOf(world, thread)).toEqual(before);
    }
  }
}

/** Everything that is stored of a thread's state, as text. */
async function stateOf(world: World, thread: string): Promise<unknown> {
  const { sql } = world.db.database;
  return {
    checkpoints:
      await sql`select checkpoint_id, parent_checkpoint_id, checkpoint::text as checkpoint, metadata::text as metadata from checkpoints where thread_id = ${thread} order by 1`,
    writes:
      await sql`select checkpoint_id, task_id, idx, channel, type, encode(blob, 'hex') as blob from checkpoint_writes where thread_id = ${thread} order by 1, 2, 3`,
    thread: await sql`select status, "values"::text as values, interrupts::text as interrupts, error::text as error from threads where thread_id = ${thread}`,
  };
}
