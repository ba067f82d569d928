import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { testDatabase } from "../helpers/database.ts";

// LangGraph's own suite for checkpointers takes vitest's functions from the global scope; ours are imported everywhere else
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });
const { deltaChannelHistoryTests, validate } = await import("@langchain/langgraph-checkpoint-validation");

const { database } = await testDatabase();
const initializer = {
  checkpointerName: "slipway checkpointer",
  createCheckpointer: async () => {
    await database.sql`truncate checkpoints, checkpoint_blobs, checkpoint_writes, checkpoint_parts, checkpoint_gates`;
    return new Checkpointer(database);
  },
};
validate(initializer);
deltaChannelHistoryTests(initializer);
