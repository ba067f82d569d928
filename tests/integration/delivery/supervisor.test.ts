import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { afterEach, describe, expect, test } from "vitest";
import { releases as releaseTable } from "../../../src/db/schema/releases.ts";
import { ensureSupervisor, findSupervisor, stopSupervisor } from "../../../src/delivery/supervisor/ensure.ts";
import { identify, isRunning } from "../../../src/delivery/supervisor/process-identity.ts";
import { Timing } from "../../../src/delivery/supervisor/protocol.ts";
import { emptyState } from "../../../src/delivery/supervisor/state-file.ts";
import type { DeployOutcome, DeployRequest } from "../../../src/ports/releases.ts";
import { deployableProject, temporaryDataDir } from "../../helpers/deployable.ts";
import { deliveryWorld, until } from "../../helpers/delivery-world.ts";
import { ask } from "../../helpers/load.ts";

const world = deliveryWorld();

function kill9(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

describe("a killed supervisor", () => {
  test("loses nothing: apps go on, the next one routes on the same port, adopts them and can restart them", async () => {
    const releases = world.releases({ watchMs: 0, backoffMs: 10 });
    const port = releases.forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
    await world.vault.storeUserValue(project.id, "API_TOKEN", "a-token-nobody-sees");
    const outcome = await port.deploy({ ...(await project.commit({ fixture: "healthy.js" })), secretNames: ["API_TOKEN"] });
    const at = await world.proxyPort();
    const before = await world.supervisorPid();
    const app = (await world.slot(outcome.release.id))?.process;
    kill9(before);
    expect(await (await fetch(outcome.directUrl ?? "")).text()).toBe(outcome.release.id);

    await using _loop = releases.superviseSupervisor();
    await until(async () => (await findSupervisor(world.dataDir)) !== null);
    expect(await world.proxyPort()).toBe(at);
    const host = `${project.slug}.localhost`;
    expect((await ask({ port: at, host })).body).toBe(outcome.release.id);
    expect((await world.slot(outcome.release.id))?.process).toEqual(app);

    // the adopted process dies; the new supervisor was told the secret and starts it again
    await ask({ port: at, host, path: "/crash", method: "POST" }).catch(() => {});
    const restarted = await until(async () => {
      const slot = await world.slot(outcome.release.id);
      return slot?.process && slot.process.pid !== app?.pid ? slot : null;
    });
    expect(restarted.phase).toBe("serving");
    expect((await ask({ port: at, host, path: "/token" })).body).toBe("a-token-nobody-sees");
  });

  test("stopped by hand beside a server that brings it back, that is said; without one it stays stopped", async () => {
    const releases = world.releases({ watchMs: 0 });
    const project = await deployableProject(world.database, world.dataDir);
    await releases.forOwner("local").deploy(await project.commit({ fixture: "healthy.js" }));
    const stopServices = () =>
      new Promise<[number | null, string]>((tell) => {
        const cli = join(import.meta.dirname, "../../../src/cli/slipway.ts");
        const child = execFile(process.execPath, [cli, "stop-services"], { env: { ...process.env, DATA_DIR: world.dataDir } }, (_error, stdout, stderr) =>
          tell([child.exitCode, stdout + stderr]),
        );
      });
    {
      await using _loop = releases.superviseSupervisor();
      await until(async () => (await findSupervisor(world.dataDir)) !== null);
      expect(await stopServices()).toEqual([1, expect.stringMatching(/a server that runs .* started them again/s)]);
    }
    expect(await stopServices()).toEqual([0, "Stopped.\n"]);
    expect(await findSupervisor(world.dataDir)).toBeNull();
  });

  test("is replaced while a server watches, again and again, and a request is late at worst by the start", async () => {
    const releases = world.releases({ watchMs: 0 });
    const project = await deployableProject(world.database, world.dataDir);
    const outcome = await releases.forOwner("local").deploy(await project.commit({ fixture: "healthy.js" }));
    await using _loop = releases.superviseSupervisor();
    const at = await world.proxyPort();
    for (let round = 0; round < 3; round += 1) {
      const pid = await until(() => world.supervisorPid());
      kill9(pid);
      await until(async () =>
        ask({ port: at, host: `${project.slug}.localhost` }).then(
          (answer) => answer.body === outcome.release.id,
          () => false,
        ),
      );
      expect(await world.supervisorPid()).not.toBe(pid);
    }
    expect(await world.processes(outcome.release.id)).not.toEqual([]);
  });

  test("together with its apps, and with its memory: what the database says is brought back, once", async () => {
    const releases = world.releases({ watchMs: 0 });
    const project = await deployableProject(world.database, world.dataDir);
    const host = `${project.slug}.localhost`;
    const outcome = await releases.forOwner("local").deploy(await project.commit({ fixture: "healthy.js" }));
    const serves = async () => {
      const at = await world.proxyPort();
      return (
        at !== 0 &&
        ask({ port: at, host }).then(
          (answer) => answer.body === outcome.release.id,
          () => false,
        )
      );
    };
    await using _loop = releases.superviseSupervisor();
    kill9(await world.supervisorPid());
    for (const pid of await world.processes(outcome.release.id)) kill9(pid);
    await until(serves);

    // the memory is gone, the app still runs: a second process of the same release must not stand beside it
    const stray = (await world.slot(outcome.release.id))?.process;
    const supervisor = await world.supervisorPid();
    kill9(supervisor);
    // before the next one can have read it
    rmSync(join(world.dataDir, "supervisor/state.json"));
    await until(serves);
    expect(stray && (await isRunning(stray))).toBe(false);
  });

  test.each(["row", "start", "process", "switch"] as const)("in the middle of a deployment (after: %s) changes nothing about its end", async (moment) => {
    const releases = world.releases({ watchMs: 0 });
    const port = releases.forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
    const first = await port.deploy(await project.commit({ fixture: "healthy.js" }));
    const request = await project.commit({ fixture: "healthy.js" });
    const supervisor = await world.supervisorPid();
    const deploying = port.deploy(request);
    await until(async () => {
      const [row] = await world.database.drizzle.select().from(releaseTable).where(eq(releaseTable.approvalId, request.approvalId));
      if (!row) return false;
      if (moment === "row") return true;
      const state = world.stateText();
      if (moment === "start") return state.includes(row.id);
      const slot = (JSON.parse(state) as { apps: { serving: string; slots: { releaseId: string; process: unknown }[] }[] }).apps;
      if (moment === "process") return slot.some((app) => app.slots.some((one) => one.releaseId === row.id && one.process !== null));
      return slot.some((app) => app.serving === row.id);
    });
    kill9(supervisor);
    const outcome = await deploying;
    expect(outcome).toMatchObject({ status: "live", serving: { number: 2 } });
    // seen late, the moment was over and the deployment too: then nobody needed the next supervisor until now
    await ensureSupervisor({ dataDir: world.dataDir, proxyPort: 0 });
    await until(async () => (await world.slot(first.release.id))?.phase === "stopped");
    expect(await world.processes(first.release.id)).toEqual([]);
    const slot = await world.slot(outcome.release.id);
    expect(slot?.process && (await isRunning(slot.process))).toBe(true);
    // one listener, one leader: every process of the release is the leader or below it
    const state = JSON.parse(world.stateText()) as { apps: { slug: string; slots: { process: unknown }[] }[] };
    expect(state.apps.find((app) => app.slug === project.slug)?.slots.filter((one) => one.process !== null)).toHaveLength(1);
  });
});

test("a killed supervisor's apps end when its data directory is given up", async () => {
  const project = await deployableProject(world.database, world.dataDir);
  const { release } = await world
    .releases({ watchMs: 0 })
    .forOwner("local")
    .deploy(await project.commit({ fixture: "healthy.js" }));
  const app = (await world.slot(release.id))?.process;
  kill9(await world.supervisorPid());
  expect(app && (await isRunning(app))).toBe(true);
  await stopSupervisor({ dataDir: world.dataDir });
  expect(app && (await isRunning(app))).toBe(false);
  expect(await world.processes(release.id)).toEqual([]);
});

describe("a killed server", () => {
  const children = new Set<number>();
  afterEach(() => {
    for (const pid of children) kill9(pid);
    children.clear();
  });

  function deployElsewhere(request: DeployRequest): { pid: number; outcome: Promise<DeployOutcome | null> } {
    const script = join(import.meta.dirname, "../../helpers/deploy-process.ts");
    const child = spawn(process.execPath, [script, JSON.stringify({ url: world.database.url, dataDir: world.dataDir, request })], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.add(child.pid ?? 0);
    let text = "";
    child.stdout.on("data", (piece: Buffer) => (text += piece.toString("utf8")));
    const outcome = new Promise<DeployOutcome | null>((resolve) =>
      child.on("close", (code) => resolve(code === 0 ? (JSON.parse(text) as DeployOutcome) : null)),
    );
    return { pid: child.pid ?? 0, outcome };
  }

  test.each(["row", "lease", "directory", "start", "process", "switch"] as const)(
    "after: %s; the same deployment again ends with one release and one process",
    async (moment) => {
      const project = await deployableProject(world.database, world.dataDir);
      const request = await project.commit({ fixture: "healthy.js" });
      const doomed = deployElsewhere(request);
      const reached = async () => {
        const [row] = await world.database.drizzle.select().from(releaseTable).where(eq(releaseTable.approvalId, request.approvalId));
        if (!row) return false;
        if (moment === "row") return true;
        if (moment === "lease") return row.port !== null;
        if (moment === "directory") return existsSync(join(world.dataDir, "apps", project.slug, "releases", `1-${request.commitSha.slice(0, 7)}`));
        const slot = await world.slot(row.id);
        if (moment === "start") return slot !== undefined;
        if (moment === "process") return slot?.process != null;
        return slot?.phase === "serving";
      };
      await until(reached);
      kill9(doomed.pid);
      await doomed.outcome;
      const outcome = await deployElsewhere(request).outcome;
      expect(outcome).toMatchObject({ status: "live", release: { number: 1, status: "live" } });
      const status = await world.releases().forOwner("local").status(project.id);
      expect(status.releases).toHaveLength(1);
      const slots = (JSON.parse(world.stateText()) as { apps: { slug: string; slots: unknown[] }[] }).apps.find((app) => app.slug === project.slug)?.slots;
      expect(slots).toHaveLength(1);
      expect((await ask({ port: await world.proxyPort(), host: `${project.slug}.localhost` })).body).toBe(outcome?.release.id);
    },
  );
});

describe("one per data directory", () => {
  const directories: string[] = [];
  afterEach(async () => {
    for (const directory of directories.splice(0)) {
      await stopSupervisor({ dataDir: directory });
      rmSync(directory, { recursive: true, force: true });
    }
  });
  function directory(): string {
    const made = temporaryDataDir();
    directories.push(made);
    return made;
  }

  test("whoever asks gets the same one, also all at once, also where one died before", async () => {
    const dataDir = directory();
    const handles = await Promise.all(Array.from({ length: 6 }, () => ensureSupervisor({ dataDir, proxyPort: 0 })));
    expect(new Set(handles.map((handle) => handle.pid)).size).toBe(1);
    kill9(handles[0]?.pid ?? 0);
    const next = await Promise.all(Array.from({ length: 6 }, () => ensureSupervisor({ dataDir, proxyPort: 0 })));
    expect(new Set(next.map((handle) => handle.pid)).size).toBe(1);
    expect(next[0]?.pid).not.toBe(handles[0]?.pid);
    expect(next[0]?.proxyPort).toBe(handles[0]?.proxyPort);
  });

  test("a data directory with a very long name", async () => {
    const dataDir = join(directory(), "a-rather-long-name-".repeat(8));
    mkdirSync(dataDir, { recursive: true });
    const handle = await ensureSupervisor({ dataDir, proxyPort: 0 });
    expect((await handle.client.status()).apps).toEqual([]);
    await stopSupervisor({ dataDir });
    expect(await findSupervisor(dataDir)).toBeNull();
  });

  test("a proxy port that was asked for and is taken is an error that says what to set", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address ? address.port : 0;
    await expect(ensureSupervisor({ dataDir: directory(), proxyPort: port })).rejects.toMatchObject({
      code: "port_taken",
      message: expect.stringContaining("PROXY_PORT"),
    });
    taken.close();
  });

  test("a deleted data directory ends it", async () => {
    const dataDir = directory();
    const { pid } = await ensureSupervisor({ dataDir, proxyPort: 0 });
    const self = await identify(pid);
    rmSync(dataDir, { recursive: true });
    await until(async () => self !== null && !(await isRunning(self)));
  });

  test("a reused pid is neither adopted nor killed", async () => {
    const dataDir = directory();
    const innocent = spawn("sleep", ["60"], { detached: true });
    const state = emptyState();
    const timing = Timing.parse({ drainMs: 1, graceMs: 1 });
    const slot = {
      releaseId: "11111111-1111-4111-8111-111111111111",
      number: 1,
      sha: "a",
      port: 1,
      healthPath: "/",
      logFile: join(dataDir, "log"),
      operation: "deploy:1",
      outcome: null,
      watchUntil: null,
      exits: [],
      timing,
    };
    state.apps.push({
      slug: "old",
      projectId: "p",
      serving: null,
      previous: null,
      slots: [{ ...slot, phase: "draining", process: { pid: innocent.pid ?? 0, started: "another-boot:1" } }],
    });
    mkdirSync(join(dataDir, "supervisor"), { recursive: true });
    writeFileSync(join(dataDir, "supervisor/state.json"), JSON.stringify(state));
    const { client } = await ensureSupervisor({ dataDir, proxyPort: 0 });
    await until(async () => (await client.status()).apps[0]?.slots[0]?.phase === "stopped");
    expect(innocent.exitCode).toBeNull();
    expect(await identify(innocent.pid ?? 0)).not.toBeNull();
    innocent.kill("SIGKILL");
  });
});
