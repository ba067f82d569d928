import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { deployableProject } from "../../helpers/deployable.ts";
import { deliveryWorld, until } from "../../helpers/delivery-world.ts";
import { ask, startLoad } from "../../helpers/load.ts";

const world = deliveryWorld();

describe("a good release", () => {
  test("serves under its name, confined, with its storage and nothing of our environment", async () => {
    const releases = world.releases({});
    const port = releases.forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
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
    expect(outcome.url).toBe(`http://${host}:${await world.proxyPort()}`);
    const answer = await ask({ port: await world.proxyPort(), host });
    expect(answer.body).toBe(outcome.release.id);
    expect(await fetch(`${outcome.directUrl}/`).then((direct) => direct.text())).toBe(outcome.release.id);

    const names: string[] = JSON.parse((await ask({ port: await world.proxyPort(), host, path: "/environment" })).body);
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
    const directory = join(world.dataDir, "apps", project.slug, "releases", `1-${request.commitSha.slice(0, 7)}`);
    expect(JSON.parse(readFileSync(join(directory, "release.json"), "utf8"))).toMatchObject({
      id: outcome.release.id,
      sha: request.commitSha,
      approval_id: request.approvalId,
      report_id: request.reportId,
    });
    expect(existsSync(join(directory, ".git"))).toBe(false);
    expect(statSync(join(directory, "server.js")).mode & 0o222).toBe(0);
  });

  test("follows another one without a failed request, keeps the data, and is gone after undeploy", async () => {
    const releases = world.releases({ watchMs: 0 });
    const port = releases.forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
    const host = `${project.slug}.localhost`;
    const first = await port.deploy(await project.commit({ fixture: "healthy.js" }));
    const at = await world.proxyPort();
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

describe("what is refused before anything starts", () => {
  test("a commit without a green report of exactly this commit and project", async () => {
    const port = world.releases().forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
    const other = await deployableProject(world.database, world.dataDir);
    const red = await project.commit({ fixture: "healthy.js", green: false });
    const green = await project.commit({ fixture: "healthy.js" });
    await expect(port.deploy(red)).rejects.toMatchObject({ code: "deploy_failed", message: expect.stringContaining("not green") });
    await expect(port.deploy({ ...green, commitSha: red.commitSha })).rejects.toMatchObject({ code: "deploy_failed" });
    await expect(port.deploy({ ...green, reportId: (await other.commit({ fixture: "healthy.js" })).reportId })).rejects.toMatchObject({
      code: "deploy_failed",
    });
    await expect(port.deploy({ ...green, commitSha: "0123456789012345678901234567890123456789" })).rejects.toMatchObject({ code: "commit_unknown" });
    expect((await port.status(project.id)).releases).toEqual([]);
  });

  test("somebody else's project", async () => {
    const project = await deployableProject(world.database, world.dataDir, { owner: "ada" });
    const request = await project.commit({ fixture: "healthy.js" });
    const stranger = world.releases().forOwner("eve");
    await expect(stranger.deploy(request)).rejects.toMatchObject({ code: "not_found" });
    await expect(stranger.status(project.id)).rejects.toMatchObject({ code: "not_found" });
    await expect(stranger.rollback(project.id, { reason: "mine" })).rejects.toMatchObject({ code: "not_found" });
    await expect(stranger.undeploy(project.id)).rejects.toMatchObject({ code: "not_found" });
    await expect(stranger.logs(project.id, { lines: 1 })).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("going back", () => {
  test("rollback brings an old release back through the gate, by default the last healthy one", async () => {
    const port = world.releases({ watchMs: 0 }).forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
    await expect(port.rollback(project.id, { reason: "nothing there" })).rejects.toMatchObject({ code: "conflict" });
    const first = await port.deploy(await project.commit({ fixture: "healthy.js" }));
    const second = await port.deploy(await project.commit({ fixture: "healthy.js" }));
    const load = startLoad({ port: await world.proxyPort(), host: `${project.slug}.localhost` });
    const back = await port.rollback(project.id, { reason: "too slow" });
    const result = await load.stop();
    expect(result.failures).toEqual([]);
    expect(back).toMatchObject({ status: "live", release: { id: first.release.id, status: "live" }, serving: { id: first.release.id } });
    expect(back.evidence[0]?.message).toContain("too slow");
    const status = await port.status(project.id);
    expect(status.releases.map((one) => [one.number, one.status])).toEqual([
      [2, "rolled_back"],
      [1, "live"],
    ]);
    // and forward again, by name
    const forward = await port.rollback(project.id, { releaseId: second.release.id, reason: "fixed elsewhere" });
    expect(forward.serving?.id).toBe(second.release.id);
  });

  test("rollback from a named release happens once, however often it is sent", async () => {
    const port = world.releases({ watchMs: 0 }).forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
    const deployed = [];
    for (let number = 1; number <= 3; number += 1) deployed.push((await port.deploy(await project.commit({ fixture: "healthy.js" }))).release.id);
    const [, second, third] = deployed;
    const request = { fromReleaseId: third ?? "", reason: "too slow" };
    expect((await port.rollback(project.id, request)).serving?.id).toBe(second);
    await expect(port.rollback(project.id, request)).rejects.toMatchObject({ code: "conflict", details: { serving: second } });
    expect((await port.status(project.id)).serving?.id).toBe(second);
  });

  test("an undeployed project comes back by rollback, from the repository when its directory is gone", async () => {
    const port = world.releases({ watchMs: 0 }).forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
    const first = await port.deploy(await project.commit({ fixture: "healthy.js" }));
    await port.undeploy(project.id);
    rmSync(join(world.dataDir, "apps", project.slug, "releases"), { recursive: true });
    const back = await port.rollback(project.id, { reason: "wanted again" });
    expect(back.serving?.id).toBe(first.release.id);
  });
});

test("the same approval deploys once, however often and from however many servers it is asked", async () => {
  const project = await deployableProject(world.database, world.dataDir);
  const request = await project.commit({ fixture: "healthy.js" });
  const ports = [world.releases(), world.releases(), world.releases()].map((releases) => releases.forOwner("local"));
  const outcomes = await Promise.all(ports.map((port) => port.deploy(request)));
  const again = await ports[0]?.deploy(request);
  expect(new Set([...outcomes, again].map((outcome) => outcome?.release.id)).size).toBe(1);
  expect([...outcomes, again].every((outcome) => outcome?.status === "live")).toBe(true);
  const status = await ports[0]?.status(project.id);
  expect(status?.releases).toHaveLength(1);
  const slot = await world.slot(outcomes[0]?.release.id ?? "");
  const leaders = (await world.processes(slot?.releaseId ?? "")).length;
  expect(leaders).toBeGreaterThan(0);
});

test("a Python service is delivered the same way", async () => {
  const port = world.releases().forOwner("local");
  const project = await deployableProject(world.database, world.dataDir);
  const outcome = await port.deploy(await project.commit({ fixture: "healthy.py" }));
  expect(outcome.status).toBe("live");
});

test("only a few release directories are kept, the serving one and its predecessor among them", async () => {
  const port = world.releases({ watchMs: 0 }).forOwner("local");
  const project = await deployableProject(world.database, world.dataDir);
  for (let count = 0; count < 7; count += 1) await port.deploy(await project.commit({ fixture: "healthy.js" }));
  const names = readdirSync(join(world.dataDir, "apps", project.slug, "releases"));
  expect(names.map((name) => Number(name.split("-")[0])).toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6, 7]);
});
