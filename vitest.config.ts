import { defineConfig } from "vitest/config";

/**
 * Unit tests touch nothing; the others share one PostgreSQL for the run (see tests/helpers/database.ts). The time limits only end what
 * hangs: no test may depend on how fast the machine is.
 */
function project(name: string, options: { database: boolean; timeout?: number }) {
  return {
    test: {
      name,
      include: [`tests/${name}/**/*.test.ts`],
      pool: "forks" as const,
      // what touches nothing shares one load of the modules; what opens connections and processes ends with its own
      isolate: options.database,
      testTimeout: options.timeout ?? 180_000,
      hookTimeout: options.timeout ?? 180_000,
      expect: { poll: { timeout: 120_000 } },
      globalSetup: options.database ? ["tests/helpers/database-setup.ts"] : [],
    },
  };
}

export default defineConfig({
  test: {
    // one more than the processors that CI has: many tests wait for processes
    maxWorkers: 3,
    globals: false,
    projects: [
      project("unit", { database: false }),
      project("integration", { database: true }),
      project("conformance", { database: true }),
      project("browser", { database: true }),
      project("chaos", { database: true, timeout: 300_000 }),
      project("fuzz", { database: true, timeout: 1_200_000 }),
    ],
  },
});
