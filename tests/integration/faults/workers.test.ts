import { afterAll, beforeAll, describe, test } from "vitest";
import { blockedLoop } from "../../helpers/faults/scenarios/blocked-loop.ts";
import { cancels } from "../../helpers/faults/scenarios/cancels.ts";
import { multitaskAtOnce } from "../../helpers/faults/scenarios/multitask.ts";
import { answersAfterRestart, oneAnswerOfMany } from "../../helpers/faults/scenarios/resumes.ts";
import { rollingRestart } from "../../helpers/faults/scenarios/rolling-restart.ts";
import { openWorld, type World } from "../../helpers/faults/scenarios/world.ts";
import { zombies } from "../../helpers/faults/scenarios/zombies.ts";

/** Small forms of what `npm run test:chaos` does at length, on one fleet. */
describe("two servers and two workers", () => {
  let world: World;
  beforeAll(async () => {
    // some of these take a lease that runs out for a fault: a machine that stops for a moment must not have it run out
    world = await openWorld({ servers: 2, workers: 2 }, { leaseSeconds: 4 });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test("take one answer of many that come at once", () => oneAnswerOfMany(world, { answers: 12, rounds: 2 }));
  test("run one thing at a time on a thread, by every strategy", () => multitaskAtOnce(world, { posts: 10 }));
  test("end what is cancelled, once", () => cancels(world, { runs: 2, kills: 1 }));
  test("keep the lease of a node that blocks its event loop", () => blockedLoop(world, { blockMs: 5_000, leaseSeconds: 4 }));
  test("refuse what a worker writes that was stopped past its lease", () => zombies(world, { runs: 10, steps: 4, ms: 150, rounds: 1, durability: "async" }));
  test("hand runs on when workers are replaced", () => rollingRestart(world, { runs: 20, steps: 5, ms: 100, rounds: 1 }));
  test("give answers to their questions after a server and a worker were replaced", () => answersAfterRestart(world, { threads: 3, replace: 1 }));
});
