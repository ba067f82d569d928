import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Runtime } from "#runtime/create-runtime.ts";
import { openPostgresBus } from "#runtime/stream-bus/postgres.ts";
import { createLog } from "#log";
import { testDatabase, type TestDatabase } from "../helpers/database.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../helpers/runtime.ts";
import { workerProcess } from "../helpers/worker-process.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const log = createLog("silent");
const never = new AbortController().signal;

/** A process that takes requests and executes nothing. */
async function server(db: TestDatabase): Promise<Runtime> {
  const runtime = await testRuntime(db.database, { role: "server", bus: await openPostgresBus({ database: db.database, log }), leaseSeconds: 1 });
  await runtime.start();
  return runtime;
}

const linesOf = async (path: string) => (await readFile(path, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");

describe("a worker that is killed", () => {
  test("in the middle of a run leaves it to another one, which repeats no finished step", async () => {
    const db = await testDatabase();
    await using api = await server(db);
    const journal = join(temporaryFolder("kill"), "journal");
    await using first = workerProcess(db.url);
    await first.ready;
    const thread = (await api.services.threads.create(LOCAL, {})).thread_id;
    const { run, stream } = await api.services.runs.stream(
      LOCAL,
      thread,
      { assistant_id: "slow", input: { steps: 6, ms: 150, journal }, stream_mode: ["updates"] },
      { ...NO_HEADERS, signal: never },
    );
    const streaming = (async () => {
      const ids: number[] = [];
      for await (const frame of stream) ids.push(Number(frame.id));
      return ids;
    })();
    await eventually(
      () => linesOf(journal),
      (lines) => lines.some((line) => line.startsWith("begin 3")),
    );
    await first.kill();
    const killed = Date.now();
    await using second = workerProcess(db.url);
    await second.ready;
    expect(await api.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never })).toMatchObject({ done: [1, 2, 3, 4, 5, 6] });
    expect(Date.now() - killed).toBeLessThan(20_000);
    const begun = (await linesOf(journal)).filter((line) => line.startsWith("begin")).map((line) => Number(line.split(" ")[1]));
    // the step that was cut off is the only one that may begin twice
    expect(begun.toSorted((a, b) => a - b).filter((step, index, all) => step !== all[index - 1])).toEqual([1, 2, 3, 4, 5, 6]);
    expect(begun.length).toBeLessThanOrEqual(7);
    // one stream over both attempts, and its numbers only rise
    const ids = await streaming;
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("before or after any write of a run, its question or its answer, changes nothing about the result", async () => {
    const db = await testDatabase();
    await using api = await server(db);
    const failures: string[] = [];
    // asker: input, prepare, question; then answer, act. KILL_AT counts writes before and after.
    for (let killAt = 0; ; killAt += 1) {
      const thread = (await api.services.threads.create(LOCAL, {})).thread_id;
      await using dying = workerProcess(db.url, { KILL_AT: String(killAt) });
      await dying.ready;
      const go = async (input: object) => {
        const run = await api.services.runs.create(LOCAL, thread, { assistant_id: "asker", ...input }, NO_HEADERS);
        const over = eventually(
          () => api.services.runs.get(LOCAL, thread, run.run_id),
          (one) => one.status !== "pending" && one.status !== "running",
        );
        const ended = await Promise.race([dying.exited.then(() => "killed"), over.then(() => "over")]);
        if (ended === "killed") {
          await using heir = workerProcess(db.url);
          await over;
          await heir.kill("SIGTERM");
        }
        return ended;
      };
      const first = await go({ input: { topic: "x" } });
      const [question, ...more] = (await api.services.approvals.list(LOCAL, { thread_id: thread, limit: 10, offset: 0 })).items;
      if (question?.state !== "pending" || more.length > 0)
        failures.push(`${killAt}: asked ${JSON.stringify([question?.state, ...more.map((one) => one.state)])}`);
      await using helper = first === "killed" ? workerProcess(db.url) : null;
      const second = await go({ command: { resume: "yes" } });
      await helper?.kill();
      const row = await api.services.threads.get(LOCAL, thread);
      const values = row.values as { done?: string[]; answer?: unknown };
      if (JSON.stringify(values.done) !== '["prepare","act:\\"yes\\""]' || row.status !== "idle")
        failures.push(`${killAt}: ${row.status} ${JSON.stringify(values)}`);
      const states = (await api.services.approvals.list(LOCAL, { thread_id: thread, limit: 10, offset: 0 })).items.map((one) => one.state);
      if (states.join() !== "done") failures.push(`${killAt}: approvals ${states.join()}`);
      if (first === "over" && second === "over") break;
    }
    expect(failures).toEqual([]);
  });

  test("by SIGTERM hands its run back, and the next one goes on at once", async () => {
    const db = await testDatabase();
    await using api = await server(db);
    await using first = workerProcess(db.url, { LEASE: "60" });
    await first.ready;
    const thread = (await api.services.threads.create(LOCAL, {})).thread_id;
    const run = await api.services.runs.create(LOCAL, thread, { assistant_id: "slow", input: { steps: 8, ms: 200 } }, NO_HEADERS);
    await eventually(
      () => api.services.runs.get(LOCAL, thread, run.run_id),
      (one) => one.status === "running",
    );
    await first.kill("SIGTERM");
    expect((await api.services.runs.get(LOCAL, thread, run.run_id)).status).toBe("pending");
    await using second = workerProcess(db.url, { LEASE: "60" });
    await second.ready;
    expect(await api.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never })).toMatchObject({
      done: [1, 2, 3, 4, 5, 6, 7, 8],
    });
  });

  test("stops for a while (SIGSTOP), wakes up as a zombie, and writes nothing more", async () => {
    const db = await testDatabase();
    await using api = await server(db);
    const journal = join(temporaryFolder("stop"), "journal");
    await using zombie = workerProcess(db.url);
    await zombie.ready;
    const thread = (await api.services.threads.create(LOCAL, {})).thread_id;
    const run = await api.services.runs.create(LOCAL, thread, { assistant_id: "slow", input: { steps: 5, ms: 200, journal } }, NO_HEADERS);
    await eventually(
      () => linesOf(journal),
      (lines) => lines.some((line) => line.startsWith("begin 2")),
    );
    zombie.process.kill("SIGSTOP");
    await using heir = workerProcess(db.url);
    await heir.ready;
    const result = await api.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never });
    expect(result).toMatchObject({ done: [1, 2, 3, 4, 5] });
    const before = await db.database.sql`select count(*)::int as n from checkpoints where thread_id = ${thread}`;
    zombie.process.kill("SIGCONT");
    // the zombie is alive again: it takes part in the next run, and nothing of the old one came from it
    const next = await api.services.runs.create(LOCAL, thread, { assistant_id: "counter", input: { total: 1 } }, NO_HEADERS);
    await api.services.runs.join(LOCAL, thread, next.run_id, { cancelOnDisconnect: false, signal: never });
    await zombie.kill("SIGTERM");
    const history = await api.services.threads.history(LOCAL, thread, { limit: 100 });
    const lineage = history.map((one) => one.checkpoint?.checkpoint_id);
    // every checkpoint is the parent of the next: no second line of history
    expect(history.slice(0, -1).map((one) => one.parent_checkpoint?.checkpoint_id)).toEqual(lineage.slice(1));
    expect(before[0]?.["n"]).toBeGreaterThan(0);
  });
});
