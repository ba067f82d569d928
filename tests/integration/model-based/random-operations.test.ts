import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { testDatabase } from "../../helpers/database.ts";
import { startServer } from "../../helpers/server.ts";
import { compareThread, OPERATIONS } from "./operations.ts";
import { newReference } from "./reference.ts";

const LEDGER = fileURLToPath(new URL("../../fixtures/model-based/langgraph.json", import.meta.url));
/** MODEL_SEED repeats a failure, MODEL_PATH goes straight to its smallest form, MODEL_RUNS looks longer. */
const SEED = Number(process.env["MODEL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const PATH = process.env["MODEL_PATH"];
const RUNS = Number(process.env["MODEL_RUNS"] ?? 8);

test(
  `random operations leave the server as the reference says (MODEL_SEED=${SEED})`,
  async () => {
    const database = await testDatabase();
    await using server = await startServer({ databaseUrl: database.url, langgraphJson: LEDGER });
    let done = 0;
    const property = fc.asyncProperty(fc.commands(OPERATIONS, { maxCommands: 30, size: "max" }), async (operations) => {
      const real = { client: server.client };
      const reference = newReference();
      await fc.asyncModelRun(() => ({ model: reference, real }), operations);
      for (const thread of reference.threads) await compareThread(real, thread);
      done += [...operations].length;
    });
    await fc.assert(property, {
      seed: SEED,
      numRuns: RUNS,
      endOnFailure: false,
      interruptAfterTimeLimit: Math.max(150_000, RUNS * 6_000),
      ...(PATH === undefined ? {} : { path: PATH }),
    });
    expect(done).toBeGreaterThan(RUNS);
  },
  Math.max(300_000, RUNS * 12_000),
);
