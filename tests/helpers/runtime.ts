import { fileURLToPath } from "node:url";
import { createLog } from "#log";
import type { Database } from "#db/client.ts";
import type { Caller } from "#ports/caller.ts";
import type { RunPorts } from "#ports/run.ts";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { createRuntime, type Runtime, type RuntimeOptions } from "#runtime/create-runtime.ts";
import { readLanggraphProject } from "#runtime/langgraph-project.ts";
import { loadGraphs } from "#runtime/load-graphs.ts";
import { Store } from "#runtime/store.ts";
import { MemoryStreamBus } from "#runtime/stream-bus/memory.ts";

export const FIXTURE_GRAPHS = fileURLToPath(new URL("../fixtures/graphs/langgraph.json", import.meta.url));
export const LOCAL: Caller = { owner: "local" };
export const NO_HEADERS = { headers: {} };

/** Ports for graphs that use none but the runtime's own; touching another one fails the test by name. */
export function onlyRuntimePorts(): Omit<RunPorts, "teams" | "approvals"> {
  return new Proxy({} as Omit<RunPorts, "teams" | "approvals">, {
    get(_target, name) {
      throw new Error(`this test has no port ${String(name)}`);
    },
    ownKeys: () => [],
  });
}

/** A runtime over a test database with the fixture graphs. */
export async function testRuntime(database: Database, options: Partial<RuntimeOptions> & { configPath?: string } = {}): Promise<Runtime> {
  const checkpointer = new Checkpointer(database);
  const store = new Store(database);
  const { configPath, ...rest } = options;
  const project = await readLanggraphProject({ configPath: configPath ?? FIXTURE_GRAPHS, environment: {} });
  const graphs = await loadGraphs({ project, checkpointer, store });
  return createRuntime({
    database,
    bus: new MemoryStreamBus(),
    graphs,
    checkpointer,
    store,
    log: createLog(process.env["TEST_LOG"] ?? "silent"),
    role: "all",
    jobs: 10,
    leaseSeconds: 10,
    jobTimeoutSeconds: 60,
    drainSeconds: 5,
    settleSeconds: 5,
    makeRunPorts: onlyRuntimePorts,
    sealSecretAnswer: async (_approval, decision) => decision,
    ...rest,
  });
}

/** Asks until the answer satisfies; the limit only ends what hangs, with the last answer. */
export async function eventually<T>(ask: () => Promise<T>, satisfied: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 150_000;
  for (;;) {
    const answer = await ask();
    if (satisfied(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
