// --import of every test file: makes node:test take its reporter now. The reporter answers to one call only, so that none made by project code counts.
import { after } from "node:test";
import { isMainThread } from "node:worker_threads";
import { ready } from "./node-reporter.mjs";

if (isMainThread) {
  after(() => undefined);
  await ready;
}
