import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { HELD_RUNS_BYTES, HeldRuns } from "#runtime/held-runs.ts";
import { newId } from "#runtime/ids.ts";

test("another reader sees what is held, under the epoch and the time it was held with", () => {
  const memory = new SharedArrayBuffer(HELD_RUNS_BYTES);
  const [writer, reader] = [new HeldRuns(memory), new HeldRuns(memory)];
  const [first, second] = [newId(), newId()];
  writer.hold({ runId: first, epoch: 1, until: 10 });
  writer.hold({ runId: second, epoch: 7, until: 2 ** 45 });
  expect(reader.all()).toEqual([
    { runId: first, epoch: 1, until: 10 },
    { runId: second, epoch: 7, until: 2 ** 45 },
  ]);
  writer.hold({ runId: first, epoch: 2, until: 20 });
  writer.drop(first, 1);
  expect(reader.all()).toEqual([
    { runId: first, epoch: 2, until: 20 },
    { runId: second, epoch: 7, until: 2 ** 45 },
  ]);
  writer.drop(first, 2);
  writer.drop(first, 2);
  expect(reader.all()).toEqual([{ runId: second, epoch: 7, until: 2 ** 45 }]);
  const third = newId();
  writer.hold({ runId: third, epoch: 3, until: 30 });
  expect(reader.all().map((run) => run.runId)).toEqual([third, second]);
});

const READER = `
  const { workerData } = require("node:worker_threads");
  const [stop, seen, torn] = [0, 1, 2];
  const counts = new Int32Array(workerData.counts);
  import(workerData.module).then(({ HeldRuns }) => {
    const held = new HeldRuns(workerData.memory);
    while (Atomics.load(counts, stop) === 0)
      for (const { runId, epoch, until } of held.all()) {
        Atomics.add(counts, seen, 1);
        if (epoch !== Number.parseInt(runId.slice(-8), 16) + 1 || until !== epoch * 2) Atomics.add(counts, torn, 1);
      }
  });`;

test("a thread that reads while runs come and go never sees half of one", async () => {
  const memory = new SharedArrayBuffer(HELD_RUNS_BYTES);
  const counts = new Int32Array(new SharedArrayBuffer(12));
  const module = new URL("../../../src/runtime/held-runs.ts", import.meta.url).href;
  const reader = new Worker(READER, { eval: true, execArgv: [], workerData: { memory, counts: counts.buffer, module } });
  const failed = new Promise((_, reject) => reader.once("error", reject));
  const ended = new Promise((resolve) => reader.once("exit", resolve));
  const writer = new HeldRuns(memory);
  const waiting: { runId: string; epoch: number }[] = [];
  while (Atomics.load(counts, 1) < 20_000) {
    for (let round = 0; round < 1_000; round += 1) {
      const runId = newId();
      // the rest of a run is made from its id, so that a mixture of two shows
      const epoch = Number.parseInt(runId.slice(-8), 16) + 1;
      writer.hold({ runId, epoch, until: epoch * 2 });
      waiting.push({ runId, epoch });
      const oldest = waiting.length > 8 ? waiting.shift() : undefined;
      if (oldest !== undefined) writer.drop(oldest.runId, oldest.epoch);
    }
    await Promise.race([new Promise(setImmediate), failed]);
  }
  Atomics.store(counts, 0, 1);
  await ended;
  expect(Atomics.load(counts, 2)).toBe(0);
});
