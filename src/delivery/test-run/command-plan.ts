import type { Stack } from "#ports/projects.ts";
import type { TestFinding } from "#ports/tests.ts";
import { splitCommand } from "./split-command.ts";

/** How the harness will run a project's tests: a runner it knows, with only those parts of the command that choose files. */
export type RunnerPlan =
  | { runner: "node"; paths: string[]; flags: string[] }
  | { runner: "unittest"; start: string; pattern: string; top: string | null; names: string[] }
  | { runner: "pytest"; paths: string[] }
  | { runner: "vitest"; paths: string[] }
  | { runner: "jest"; paths: string[] };

export interface CommandPlan {
  plan: RunnerPlan;
  findings: TestFinding[];
}

const DEFAULT_PLAN: Record<Stack, RunnerPlan> = {
  node: { runner: "node", paths: [], flags: [] },
  python: { runner: "unittest", start: ".", pattern: "test*.py", top: null, names: [] },
};

const changed = (message: string): TestFinding => ({ code: "runner_changed", blocking: true, message });
const filtered = (flag: string): TestFinding => ({
  code: "test_skipped",
  blocking: true,
  message: `The test command leaves tests out with ${flag}. Run all of them.`,
});

/**
 * Reads a test command for the runner and the files it names; it is never executed. What would leave tests out is a blocking finding and not
 * done; a command that is no known runner falls back to the stack's own, with a blocking finding. `scripts` are package.json's.
 */
export function planCommand(command: string, stack: Stack, scripts: Readonly<Record<string, string>>): CommandPlan {
  return plan(command, stack, scripts, 0);
}

function plan(command: string, stack: Stack, scripts: Readonly<Record<string, string>>, depth: number): CommandPlan {
  const unknown = (why: string): CommandPlan => ({
    plan: DEFAULT_PLAN[stack],
    findings: [changed(`The test command "${command.slice(0, 120)}" ${why}; the stack's own runner was used. Set it to one that is known.`)],
  });
  const words = splitCommand(command);
  if (words === null) return unknown("is more than one plain command");
  // CI=1 node --test
  while (/^[A-Za-z_][A-Za-z0-9_]*=/.test(words[0] ?? "")) {
    const [assignment = ""] = words.splice(0, 1);
    if (/^(NODE_OPTIONS|NODE_TEST_CONTEXT|PYTHON[A-Z]*|PYTEST_ADDOPTS|LD_[A-Z_]*|PATH)=/.test(assignment))
      return {
        ...plan(words.join(" "), stack, scripts, depth + 1),
        findings: [changed(`The test command sets ${assignment.split("=")[0]}, which changes the runner.`)],
      };
  }
  const [program = "", ...rest] = words;
  const name = program.replace(/^.*\//, "");
  if (["npm", "pnpm", "yarn"].includes(name) && depth < 3) {
    const script = rest[0] === "run" || rest[0] === "run-script" ? rest[1] : rest[0] === "t" ? "test" : rest[0];
    const body = script === undefined ? undefined : scripts[script];
    if (body === undefined) return unknown("names a package.json script that does not exist");
    return plan(body, stack, scripts, depth + 1);
  }
  if (name === "node" && rest.includes("--test")) return planNode(rest);
  if (/^python(3(\.\d+)?)?$/.test(name) && rest[0] === "-m" && rest[1] === "unittest") return planUnittest(rest.slice(2));
  if (/^python(3(\.\d+)?)?$/.test(name) && rest[0] === "-m" && rest[1] === "pytest") return planPytest(rest.slice(2));
  const [tool = "", ...toolWords] = name === "npx" ? rest.filter((word) => !/^(-y|--yes|--no-install|--no|--)$/.test(word)) : [name, ...rest];
  if (tool === "vitest" || tool === "jest") return planSuite(tool, toolWords);
  if (name === "pytest" || name === "py.test") return planPytest(rest);
  return unknown("is none that this harness knows (node --test, vitest, jest, python3 -m unittest, pytest, or an npm script that is one of them)");
}

const NODE_LEAVES_OUT = /^--(test-name-pattern|test-skip-pattern|test-only|test-shard|experimental-test-tag-filter|test-rerun-failures)(=|$)/;
const NODE_DROPPED =
  /^--(test|test-reporter|test-reporter-destination|test-concurrency|test-isolation|experimental-test-isolation|experimental-test-coverage|test-coverage-[a-z]+|watch|no-warnings|trace-warnings)(=|$)/;
const NODE_KEPT =
  /^--(test-timeout|test-force-exit|enable-source-maps|experimental-[a-z-]+|no-experimental-[a-z-]+|conditions|import|require|loader)(=|$)|^-[rC]$/;
const NODE_TAKES_VALUE =
  /^(--(test-name-pattern|test-skip-pattern|test-shard|test-reporter|test-reporter-destination|test-concurrency|test-timeout|conditions|import|require|loader|test-coverage-[a-z]+|experimental-test-tag-filter|test-rerun-failures)|-[rC])$/;

function planNode(words: readonly string[]): CommandPlan {
  const findings: TestFinding[] = [];
  const paths: string[] = [];
  const flags: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (!word.startsWith("-")) {
      paths.push(word);
      continue;
    }
    const value = NODE_TAKES_VALUE.test(word) ? words[++index] : undefined;
    if (NODE_LEAVES_OUT.test(word)) findings.push(filtered(word.split("=")[0] ?? word));
    else if (NODE_DROPPED.test(word)) continue;
    else if (NODE_KEPT.test(word)) flags.push(word, ...(value === undefined ? [] : [value]));
    else findings.push(changed(`The test command gives node the flag ${word.slice(0, 60)}, which this harness does not allow.`));
  }
  return { plan: { runner: "node", paths, flags }, findings };
}

function planUnittest(words: readonly string[]): CommandPlan {
  const result: RunnerPlan & { runner: "unittest" } = { runner: "unittest", start: ".", pattern: "test*.py", top: null, names: [] };
  const findings: TestFinding[] = [];
  const rest = words[0] === "discover" ? words.slice(1) : [...words];
  const discovering = words[0] === "discover";
  const positional: string[] = [];
  for (let index = 0; index < rest.length; index++) {
    const [flag = "", inline] = (rest[index] ?? "").split("=", 2);
    const value = (): string => inline ?? rest[++index] ?? "";
    if (!flag.startsWith("-")) positional.push(rest[index] ?? "");
    else if (flag === "-s" || flag === "--start-directory") result.start = value();
    else if (flag === "-p" || flag === "--pattern") result.pattern = value();
    else if (flag === "-t" || flag === "--top-level-directory") result.top = value();
    else if (flag === "-k") {
      findings.push(filtered("-k"));
      value();
    } else if (!/^(-v|-q|-b|-c|-f|--verbose|--quiet|--buffer|--catch|--failfast|--locals|--durations)$/.test(flag)) {
      findings.push(changed(`The test command gives unittest the option ${flag.slice(0, 60)}, which this harness does not know.`));
    }
  }
  if (discovering)
    [result.start = ".", result.pattern = "test*.py", result.top = null] = [
      positional[0] ?? result.start,
      positional[1] ?? result.pattern,
      positional[2] ?? result.top,
    ];
  else result.names = positional.map((name) => (name.endsWith(".py") ? name.slice(0, -3).replace(/^\.\//, "").replaceAll("/", ".") : name));
  return { plan: result, findings };
}

function planPytest(words: readonly string[]): CommandPlan {
  const findings: TestFinding[] = [];
  const paths: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (!word.startsWith("-")) paths.push(word);
    else if (/^(-k|-m|--deselect|--ignore|--ignore-glob|--last-failed|--lf|--stepwise|--sw|--maxfail|-x|--exitfirst|--collect-only|--co)\b/.test(word)) {
      findings.push(filtered(word.split("=")[0] ?? word));
      if (/^(-k|-m|--deselect|--ignore|--ignore-glob|--maxfail)$/.test(word)) index += 1;
    } else if (!/^(-q+|-v+|-s|-r[A-Za-z]*|--tb(=.*)?|--color(=.*)?|--no-header|--no-summary|--durations(=.*)?|-W.*|--strict.*)$/.test(word)) {
      findings.push(changed(`The test command gives pytest the option ${word.slice(0, 60)}, which this harness does not know.`));
    }
  }
  return { plan: { runner: "pytest", paths }, findings };
}

function planSuite(runner: "vitest" | "jest", words: readonly string[]): CommandPlan {
  const findings: TestFinding[] = [];
  const paths: string[] = [];
  for (const [index, word] of words.entries()) {
    if (!word.startsWith("-")) {
      if (!(runner === "vitest" && index === 0 && word === "run")) paths.push(word);
    } else if (
      /^(-t|--testNamePattern|--test-name-pattern|--exclude|--testPathIgnorePatterns|--onlyChanged|-o|--changed|--shard|--bail|-b|--related|--findRelatedTests|--onlyFailures|-f)\b/.test(
        word,
      )
    ) {
      findings.push(filtered(word.split("=")[0] ?? word));
    } else if (
      !/^(--run|--watch=false|--no-watch|--ci|--verbose|--silent|--coverage.*|--reporter.*|--color|--no-color|-i|--runInBand|--globals|--no-cache|--passWithNoTests)$/.test(
        word,
      )
    ) {
      findings.push(changed(`The test command gives ${runner} the option ${word.slice(0, 60)}, which this harness does not know.`));
    }
  }
  return { plan: { runner, paths }, findings };
}
