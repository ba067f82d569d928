import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase, type Database } from "#db/client.ts";
import { isAppError } from "#errors";
import type { Runtime } from "#runtime/create-runtime.ts";
import { testDatabase } from "../../helpers/database.ts";
import { LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";

/**
 * Two runtimes on one database; actors that use threads, edit, prune, copy them and delete runs, all at once. Everything that is added is a
 * power of two of its own, so that a total tells exactly what has been counted: no more than once, and nothing forgotten.
 */
const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const never = new AbortController().signal;
let other: Database;
let runtimes: Runtime[];

beforeAll(async () => {
  const { database, url } = await testDatabase();
  other = await openDatabase({ url });
  runtimes = await Promise.all([database, other].map((one) => testRuntime(one)));
  for (const runtime of runtimes) await runtime.start();
});

afterAll(async () => {
  for (const runtime of runtimes) await runtime[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

const action = fc.constantFrom("add", "add", "add", "edit", "prune", "prune", "copy", "delete a run");
const program = fc.array(fc.record({ action, thread: fc.nat(1) }), { minLength: 3, maxLength: 7 });

interface Story {
  id: string;
  /** Bits that must be there. */
  sure: number;
  /** Bits of runs that were deleted: there only if somebody had gone on from them. */
  maybe: number;
  runs: { run_id: string; bit: number }[];
  copies: { id: string; atLeast: number }[];
}

test(`a thread that is used, edited, pruned and copied by many at once loses nothing and counts nothing twice (SEED=${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(program, program, program), async (programs) => {
      const [first] = runtimes;
      if (first === undefined) throw new Error("no runtime");
      const stories: Story[] = await Promise.all(
        [0, 1].map(async () => ({
          id: (await first.services.threads.create(LOCAL, { metadata: { graph_id: "counter" } })).thread_id,
          sure: 0,
          maybe: 0,
          runs: [],
          copies: [],
        })),
      );
      let next = 0;
      await Promise.all(
        programs.map(async (steps, actor) => {
          const { threads, runs } = (runtimes[actor % runtimes.length] ?? first).services;
          for (const step of steps) {
            const story = stories[step.thread];
            if (story === undefined) throw new Error("no such thread");
            const bit = 2 ** (next += 1);
            if (step.action === "add") {
              const run = await runs.create(LOCAL, story.id, { assistant_id: "counter", input: { total: bit }, multitask_strategy: "enqueue" }, NO_HEADERS);
              await runs.join(LOCAL, story.id, run.run_id, { cancelOnDisconnect: false, signal: never });
              expect((await runs.get(LOCAL, story.id, run.run_id)).status).toBe("success");
              story.sure += bit;
              story.runs.push({ run_id: run.run_id, bit });
            } else if (step.action === "edit") {
              try {
                await threads.updateState(LOCAL, story.id, { values: { total: bit }, as_node: "look" });
                story.sure += bit;
              } catch (error) {
                // somebody runs; or somebody always was faster
                if (!isAppError(error) || !["thread_busy", "conflict"].includes(error.code)) throw error;
              }
            } else if (step.action === "prune") {
              await threads.prune(LOCAL, { thread_ids: [story.id], strategy: "keep_latest" });
            } else if (step.action === "copy") {
              const atLeast = story.sure;
              story.copies.push({ id: (await threads.copy(LOCAL, story.id)).thread_id, atLeast });
            } else {
              const run = story.runs.shift();
              if (run === undefined) continue;
              story.sure -= run.bit;
              story.maybe += run.bit;
              await runs.delete(LOCAL, story.id, run.run_id);
            }
          }
        }),
      );
      const { threads } = first.services;
      const totalOf = async (id: string) => ((await threads.state(LOCAL, id, { subgraphs: false })).values as { total?: number }).total ?? 0;
      const bits = (number: number) => BigInt(number);
      for (const story of stories) {
        const total = await totalOf(story.id);
        expect(bits(total) & bits(story.sure)).toBe(bits(story.sure));
        expect(bits(total) & ~bits(story.sure + story.maybe)).toBe(0n);
        const row = await threads.get(LOCAL, story.id);
        expect(row).toMatchObject({ status: "idle", ...(total > 0 ? { values: { total } } : {}) });
        for (const copy of story.copies) {
          const copied = await totalOf(copy.id);
          expect(bits(copied) & ~bits(story.sure + story.maybe)).toBe(0n);
          expect(bits(copied) & bits(copy.atLeast & ~story.maybe)).toBe(bits(copy.atLeast & ~story.maybe));
        }
        for (const id of [story.id, ...story.copies.map((copy) => copy.id)]) {
          await threads.prune(LOCAL, { thread_ids: [id], strategy: "keep_latest" });
          await threads.delete(LOCAL, id);
        }
      }
      const left = await other.sql`
        select 1 from checkpoints union all select 1 from checkpoint_blobs union all select 1 from checkpoint_writes union all select 1 from checkpoint_parts
        union all select 1 from checkpoint_gates union all select 1 from threads union all select 1 from runs`;
      expect(left.length).toBe(0);
    }),
    { seed, numRuns: 5, endOnFailure: true },
  );
});
