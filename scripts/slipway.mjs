#!/usr/bin/env node
// `npx slipway …` from a clone: the CLI, on the Node that the project brings.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
process.argv.splice(1, 1, join(here, "run.mjs"), "src/cli/slipway.ts");
await import("./run.mjs");
