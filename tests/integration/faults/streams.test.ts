import { test } from "vitest";
import { droppedStreams } from "../../helpers/faults/scenarios/dropped-streams.ts";
import { openWorld } from "../../helpers/faults/scenarios/world.ts";

test("a stream that is dropped again and again and resumed elsewhere is the same, byte for byte", async () => {
  await using world = await openWorld({ servers: 2, workers: 1 });
  await droppedStreams(world, { streams: 6, drops: 6, words: 60, ms: 10, atOnce: 3 });
});
