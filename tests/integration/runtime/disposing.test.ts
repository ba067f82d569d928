import { expect, test } from "vitest";
import { testDatabase } from "../../helpers/database.ts";
import { testRuntime } from "../../helpers/runtime.ts";

const { database } = await testDatabase();

test("disposing a runtime twice, or side by side, is disposing it once", async () => {
  const runtime = await testRuntime(database);
  await runtime.start();
  await Promise.all([runtime[Symbol.asyncDispose](), runtime[Symbol.asyncDispose]()]);
  await runtime[Symbol.asyncDispose]();
  expect(runtime.busy()).toBe(0);
});

test("a runtime that never began is disposed of as well", async () => {
  const runtime = await testRuntime(database);
  await runtime[Symbol.asyncDispose]();
  expect(runtime.busy()).toBe(0);
});
