import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { createReleases, type Releases } from "../../src/delivery/releases/releases.ts";
import { detectSandbox } from "../../src/delivery/sandbox/detect.ts";
import type { Sandbox } from "../../src/delivery/sandbox/sandbox.ts";
import { createSecretVault, type SecretVault } from "../../src/delivery/secrets/vault.ts";
import { findSupervisor, stopSupervisor } from "../../src/delivery/supervisor/ensure.ts";
import { identify } from "../../src/delivery/supervisor/process-identity.ts";
import { membersOf } from "../../src/delivery/supervisor/process-tree.ts";
import type { Slot, Timing } from "../../src/delivery/supervisor/protocol.ts";
import { createLog } from "../../src/log.ts";
import { testDatabase, type TestDatabase } from "./database.ts";
import { temporaryDataDir } from "./deployable.ts";

/** A data directory with a database, a vault, a sandbox and a supervisor of its own; all of it ends with the test file. */
export interface DeliveryWorld {
  readonly dataDir: string;
  readonly database: TestDatabase["database"];
  readonly vault: SecretVault;
  readonly sandbox: Sandbox;
  releases(timing?: Partial<Timing>): Releases;
  proxyPort(): Promise<number>;
  supervisorPid(): Promise<number>;
  /** What the supervisor remembers of a release. */
  slot(releaseId: string): Promise<Slot | undefined>;
  /** Processes of a release that run now, also those that left its group. */
  processes(releaseId: string): Promise<number[]>;
  stateText(): string;
}

/** Registers set-up and tear-down; use it at the top of a test file. */
export function deliveryWorld(): DeliveryWorld {
  const dataDir = temporaryDataDir();
  let db: TestDatabase;
  let sandbox: Sandbox;
  let vault: SecretVault;
  beforeAll(async () => {
    db = await testDatabase();
    sandbox = await detectSandbox({ allowUnsandboxed: true });
    vault = createSecretVault({ database: db.database, dataDir, embedded: true });
  });
  afterAll(async () => {
    await stopSupervisor({ dataDir });
    rmSync(dataDir, { recursive: true, force: true });
  });
  const status = async () => (await findSupervisor(dataDir))?.client.status();
  const world: DeliveryWorld = {
    dataDir,
    get database() {
      return db.database;
    },
    get vault() {
      return vault;
    },
    get sandbox() {
      return sandbox;
    },
    // port 0: any free one, and the same one again after a restart
    releases: (timing = {}) => createReleases({ database: db.database, dataDir, proxyPort: 0, vault, sandbox, log: createLog("silent"), timing }),
    proxyPort: async () => (await status())?.proxyPort ?? 0,
    supervisorPid: async () => (await status())?.pid ?? 0,
    slot: async (releaseId) => (await status())?.apps.flatMap((app) => app.slots).find((slot) => slot.releaseId === releaseId),
    async processes(releaseId) {
      const leader = (await world.slot(releaseId))?.process;
      return membersOf(leader ?? (await identify(process.pid).then((self) => ({ pid: -1, started: self?.started ?? "" }))), `RELEASE=${releaseId}`);
    },
    stateText: () => readFileSync(join(dataDir, "supervisor/state.json"), "utf8"),
  };
  return world;
}

/** Waits for a fact; the test's own time-out is the limit. */
export async function until<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
