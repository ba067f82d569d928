import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLog } from "../../../src/log.ts";
import { createReleases, type Releases } from "../../../src/delivery/releases.ts";
import { detectSandbox } from "../../../src/delivery/sandbox/detect.ts";
import type { Sandbox } from "../../../src/delivery/sandbox/sandbox.ts";
import { createSecretVault, type SecretVault } from "../../../src/delivery/secrets.ts";
import { findSupervisor, stopSupervisor } from "../../../src/delivery/supervisor/ensure.ts";
import type { Timing } from "../../../src/delivery/supervisor/protocol.ts";
import { testDatabase, type TestDatabase } from "../../helpers/database.ts";
import { deployableProject, temporaryDataDir } from "../../helpers/deployable.ts";
import { ask, startLoad } from "../../helpers/load.ts";

let db: TestDatabase;
let sandbox: Sandbox;
let vault: SecretVault;
const dataDir = temporaryDataDir();

function releasesWith(timing: Partial<Timing>): Releases {
  return createReleases({ database: db.database, dataDir, proxyPort: 0, vault, sandbox, log: createLog("silent"), timing });
}

/** Waits for a fact; the test's own time-out is the limit. */
async function until<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function proxyPort(): Promise<number> {
  return (await findSupervisor(dataDir))?.proxyPort ?? 0;
}

beforeAll(async () => {
  db = await testDatabase();
  sandbox = await detectSandbox({ allowUnsandboxed: true });
  vault = createSecretVault({ database: db.database, dataDir, embedded: true });
});

afterAll(async () => {
  await stopSupervisor({ dataDir });
  rmSync(dataDir, { recursive: true, force: true });
});

describe("a good release", () => {
  test("serves under its name, confined, with its storage and nothing of our environment", async () => {
    const releases = releasesWith({});
    const port = releases.forOwner("local");
    const project = await deployableProject(db.database, dataDir);
    const request = await project.commit({ fixture: "healthy.js" });
    const outcome = await port.deploy({ ...request, publicEnvironment: { GREETING: "hello", PORT: "1" } });
    expect(outcome.evidence.map((line) => [line.phase, line.ok])).toEqual([
      ["process", true],
      ["port", true],
      ["answer", true],
      ["identity", true],
      ["switch", true],
    ]);
    expect(outcome).toMatchObject({ status: "live", release: { number: 1, status: "live" } });
    const host = `${project.slug}.localhost`;
    expect(outcome.url).toBe(`http://${host}:${await proxyPort()}`);
    const answer = await ask({ port: await proxyPort(), host });
    expect(answer.body).toBe(outcome.release.id);
    expect(await fetch(`${outcome.directUrl}/`).then((direct) => direct.text())).toBe(outcome.release.id);

    const names: string[] = JSON.parse((await ask({ port: await proxyPort(), host, path: "/environment" })).body);
    expect(names).toEqual([
      "GREETING",
      "HOME",
      "HOST",
      "LANG",
      "NODE_ENV",
      "PATH",
      "PORT",
      "PYTHONDONTWRITEBYTECODE",
      "PYTHONUNBUFFERED",
      "RELEASE",
      "STORAGE_DIR",
      "TMPDIR",
    ]);
    const directory = join(dataDir, "apps", project.slug, "releases", `1-${request.commitSha.slice(0, 7)}`);
    expect(JSON.parse(readFileSync(join(directory, "release.json"), "utf8"))).toMatchObject({
      id: outcome.release.id,
      sha: request.commitSha,
      approval_id: request.approvalId,
      report_id: request.reportId,
    });
    expect(existsSync(join(directory, ".git"))).toBe(false);
  });

  test("follows another one without a failed request, keeps the data, and is gone after undeploy", async () => {
    const releases = releasesWith({ watchMs: 0 });
    const port = releases.forOwner("local");
    const project = await deployableProject(db.database, dataDir);
    const host = `${project.slug}.localhost`;
    const first = await port.deploy(await project.commit({ fixture: "healthy.js" }));
    const at = await proxyPort();
    expect((await ask({ port: at, host, path: "/count" })).body).toBe("1");
    const load = startLoad({ port: at, host });
    const second = await port.deploy(await project.commit({ fixture: "healthy.js" }));
    await until(async () => (await port.status(project.id)).releases.find((one) => one.number === 1 && one.status === "retired"));
    const result = await load.stop();
    expect(result.failures).toEqual([]);
    expect(result.releases).toEqual(new Set([first.release.id, second.release.id]));
    expect((await ask({ port: at, host, path: "/count" })).body).toBe("2");
    expect((await port.status(project.id)).rollbackTarget?.id).toBe(first.release.id);
    // its port is free again, and nothing answers there
    await expect(fetch(first.directUrl ?? "")).rejects.toThrow();

    const after = await port.undeploy(project.id);
    expect(after.serving).toBeNull();
    expect(after.url).toBeNull();
    await expect(fetch(second.directUrl ?? "")).rejects.toThrow();
    const gone = await ask({ port: at, host });
    expect(gone.status).toBe(503);
    expect(gone.body).toContain("not deployed");
  });
});
