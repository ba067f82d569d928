/** The quality gate: format, lint (with the import directions of docs/architecture.md), types, migrations in step with the tables. */
import { spawnSync } from "node:child_process";

const STEPS: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ["format", "oxfmt", ["--check", "src", "tests", "bench", "scripts"]],
  ["lint", "oxlint", ["src", "tests", "bench", "scripts"]],
  // by its path: the TypeScript that reads the types of served graphs brings a `tsc` too
  ["types", process.execPath, ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "."]],
  ["migrations", "drizzle-kit", ["check"]],
];

const failures = STEPS.filter(([name, command, args]) => {
  console.log(`— ${name}`);
  return spawnSync(command, args, { stdio: "inherit" }).status !== 0;
}).map(([name]) => name);

console.log(failures.length === 0 ? "check: all good" : `check: fix ${failures.join(", ")}`);
process.exit(failures.length === 0 ? 0 : 1);
