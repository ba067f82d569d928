import { test } from "vitest";
import { killWorkers } from "../../helpers/faults/scenarios/kill-workers.ts";
import { openWorld } from "../../helpers/faults/scenarios/world.ts";

test("workers that are killed while they work lose nothing", async () => {
  await using world = await openWorld({ servers: 1, workers: 2 }, { jobs: 6 });
  await killWorkers(world, { runs: 40, steps: 5, ms: 60, everyMs: 300, kills: 2 });
});
