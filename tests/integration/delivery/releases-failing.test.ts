import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { DeployOutcome, DeployRequest, ReleasesPort } from "../../../src/ports/releases.ts";
import type { Timing } from "../../../src/delivery/supervisor/protocol.ts";
import { deployableProject, type DeployableProject } from "../../helpers/deployable.ts";
import { deliveryWorld, until } from "../../helpers/delivery-world.ts";
import { startLoad } from "../../helpers/load.ts";

// each release below is bad in its own way; the one before it serves on, under load, without a lost request
const world = deliveryWorld();
// as patient with a slow machine as can be, quick with what is certainly wrong
const PATIENT: Partial<Timing> = { gateMs: 600_000, badSignMs: 300, graceMs: 300 };

let project: DeployableProject;
let first: DeployOutcome;

beforeEach(async () => {
  project = await deployableProject(world.database, world.dataDir);
  first = await world
    .releases({ watchMs: 0 })
    .forOwner("local")
    .deploy(await project.commit({ fixture: "healthy.js" }));
  expect(first.status).toBe("live");
});

/** Deploys under load; the first release must be the only one that ever answered. */
async function deployBad(request: DeployRequest, timing: Partial<Timing> = PATIENT): Promise<DeployOutcome> {
  const load = startLoad({ port: await world.proxyPort(), host: `${project.slug}.localhost`, clients: 2 });
  const outcome = await world.releases(timing).forOwner("local").deploy(request);
  const result = await load.stop();
  expect(result.failures).toEqual([]);
  expect(result.releases).toEqual(new Set([first.release.id]));
  expect(outcome).toMatchObject({ status: "rolled_back", release: { number: 2, status: "failed" }, serving: { id: first.release.id } });
  expect(outcome.url).not.toBeNull();
  expect(await world.processes(outcome.release.id)).toEqual([]);
  return outcome;
}

function leaveInStorage(of: DeployableProject, name: string, content = ""): void {
  writeFileSync(join(world.dataDir, "apps", of.slug, "shared", name), content);
}

function reason(outcome: DeployOutcome): string {
  return outcome.evidence
    .filter((line) => !line.ok)
    .map((line) => `${line.phase}: ${line.message}`)
    .join("\n");
}

test("answers 500", async () => {
  expect(reason(await deployBad(await project.commit({ fixture: "answers-500.js" })))).toMatch(/answer: GET \/health answered 500: broken/);
});

test("binds the previous release's port and lets that one answer", async () => {
  leaveInStorage(project, "port", String(first.release.port));
  const outcome = await deployBad(await project.commit({ fixture: "answers-elsewhere.js" }), { gateMs: 4_000, graceMs: 300 });
  expect(reason(outcome)).toMatch(/port: Nothing of this release listens/);
  // empty only where the machine was too slow to let it print
  expect(outcome.logTail).toMatch(/^$|swallowed EADDRINUSE/);
});

test("somebody else took its port and answers in its place", async () => {
  const request = await project.commit({ fixture: "never-listens.js" });
  const load = world.releases(PATIENT).forOwner("local").deploy(request);
  // a stranger listens on the leased port as soon as it is known, with the right words
  const slot = await until(async () => {
    const row = (await world.releases().forOwner("local").status(project.id)).releases.find((one) => one.number === 2 && one.port !== null);
    return row ? { releaseId: row.id, port: row.port ?? 0 } : null;
  });
  const stranger = createServer((_, response) => response.end(slot.releaseId));
  await new Promise<void>((resolve) => stranger.listen(slot.port, "127.0.0.1", resolve));
  const outcome = await load;
  stranger.close();
  expect(reason(outcome)).toMatch(/port: Somebody else answers/);
  expect(outcome.serving?.id).toBe(first.release.id);
});

test("never listens", async () => {
  expect(reason(await deployBad(await project.commit({ fixture: "never-listens.js" }), { gateMs: 1_000, graceMs: 300 }))).toMatch(
    /port: Nothing of this release listens on 127.0.0.1:\d+ after 1 s/,
  );
});

test("exits at once, and is not waited for", async () => {
  const outcome = await deployBad(await project.commit({ fixture: "exits-at-once.js" }));
  expect(reason(outcome)).toMatch(/ended with exit code 3/);
  expect(outcome.logTail).toContain("the configuration is missing");
});

test("cannot be told apart from another release", async () => {
  expect(reason(await deployBad(await project.commit({ fixture: "no-identity.js" })))).toMatch(
    /identity: .*"release": <value of the environment variable RELEASE>/,
  );
});

test("misses a secret: named before anything starts, or seen in its log", async () => {
  const request = await project.commit({ fixture: "needs-secret.js" });
  const port = world.releases(PATIENT).forOwner("local");
  await expect(port.deploy({ ...request, secretNames: ["API_TOKEN"] })).rejects.toMatchObject({
    code: "secret_missing",
    message: expect.stringContaining("API_TOKEN"),
  });
  const outcome = await deployBad(request);
  expect(outcome.logTail).toContain("API_TOKEN is not set");
});

test("depends on packages that nobody installs", async () => {
  const request = await project.commit({
    fixture: "exits-at-once.js",
    files: { "package.json": JSON.stringify({ type: "module", dependencies: { express: "5" } }) },
  });
  const outcome = await world.releases(PATIENT).forOwner("local").deploy(request);
  expect(reason(outcome)).toContain("depends on packages (express)");
});

test("names a program that does not exist", async () => {
  const request = await project.commit({ fixture: "healthy.js" });
  expect(reason(await deployBad({ ...request, startCommand: "no-such-program --now" }))).toMatch(/ended with exit code/);
});

test("ignores SIGTERM in the gate: killed with its children", async () => {
  const outcome = await deployBad({ ...(await project.commit({ fixture: "ignores-sigterm.js" })), publicEnvironment: { BAD: "1" } });
  expect(reason(outcome)).toContain("ignored SIGTERM");
});

test("ignores SIGTERM when it should leave: killed after its requests, its port closed", async () => {
  const releases = world.releases({ watchMs: 0, graceMs: 200 });
  const port: ReleasesPort = releases.forOwner("local");
  const deaf = await port.deploy(await project.commit({ fixture: "ignores-sigterm.js" }));
  expect(deaf.status).toBe("live");
  const third = await port.deploy(await project.commit({ fixture: "healthy.js" }));
  await until(async () => (await port.status(project.id)).releases.find((one) => one.number === 2 && one.status === "retired"));
  expect(await world.processes(deaf.release.id)).toEqual([]);
  expect((await port.status(project.id)).serving?.id).toBe(third.release.id);
});

test("crashes some time after the switch: taken back, nobody is refused, and the row says so", async () => {
  const releases = world.releases({ watchMs: 600_000, graceMs: 300 });
  await using _loop = releases.superviseSupervisor();
  const port = releases.forOwner("local");
  const load = startLoad({ port: await world.proxyPort(), host: `${project.slug}.localhost`, clients: 2 });
  const outcome = await port.deploy(await project.commit({ fixture: "crashes-later.js" }));
  expect(outcome.status).toBe("live");
  leaveInStorage(project, "crash");
  // no question is asked of the supervisor: the row changes because a server watches
  const { releases: table } = await import("../../../src/db/schema/releases.ts");
  await until(async () => (await world.database.drizzle.select().from(table)).find((row) => row.id === outcome.release.id && row.status === "rolled_back"));
  const status = await until(async () => {
    const now = await port.status(project.id);
    return now.serving?.id === first.release.id && (await world.slot(first.release.id))?.phase === "serving" ? now : null;
  });
  expect(status.releases.map((one) => [one.number, one.status])).toEqual([
    [2, "rolled_back"],
    [1, "live"],
  ]);
  const result = await load.stop();
  expect(result.failures).toEqual([]);
  const slot = await until(async () => {
    const seen = await world.slot(outcome.release.id);
    return seen?.outcome?.evidence.at(-1)?.phase === "rollback" ? seen : null;
  });
  expect(slot.outcome?.evidence.slice(-2).map((line) => `${line.phase}: ${line.message}`)).toEqual([
    "watch: The process ended with exit code 9 within the watch.",
    "rollback: Release 1 serves again.",
  ]);
  expect(slot.outcome?.logTail).toContain("out of luck");
});

test("falls sick after the switch: taken back by the watch", async () => {
  const port = world.releases({ watchMs: 600_000, watchEveryMs: 100, graceMs: 300 }).forOwner("local");
  const outcome = await port.deploy(await project.commit({ fixture: "sick-later.js" }));
  expect(outcome.status).toBe("live");
  leaveInStorage(project, "sick");
  await until(async () => (await port.status(project.id)).serving?.id === first.release.id && (await world.slot(first.release.id))?.phase === "serving");
  expect((await world.slot(outcome.release.id))?.outcome?.evidence.find((line) => line.phase === "watch")?.message).toContain(
    "3 health checks in a row failed",
  );
});

test("crashes again and again with nothing to go back to: restarted, then given up with plain words", async () => {
  const alone = await deployableProject(world.database, world.dataDir);
  const port = world.releases({ watchMs: 0, backoffMs: 10 }).forOwner("local");
  const outcome = await port.deploy(await alone.commit({ fixture: "crashes-later.js" }));
  expect(outcome.status).toBe("live");
  leaveInStorage(alone, "crash");
  await until(async () => (await world.slot(outcome.release.id))?.phase === "crashed");
  const { ask } = await import("../../helpers/load.ts");
  const answer = await ask({ port: await world.proxyPort(), host: `${alone.slug}.localhost` });
  expect(answer.status).toBe(503);
  expect(answer.body).toContain("kept crashing");
  expect((await port.status(alone.id)).serving).toBeNull();
  expect((await world.slot(outcome.release.id))?.exits).toHaveLength(5);
});
