import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createProjects } from "../../../src/delivery/projects/projects.ts";
import { createProjectsService } from "../../../src/delivery/projects/projects-service.ts";
import { deliverySteps } from "../../../src/db/schema/projects.ts";
import type { ProjectsPort } from "../../../src/ports/projects.ts";
import { deployableProject } from "../../helpers/deployable.ts";
import { deliveryWorld } from "../../helpers/delivery-world.ts";

const world = deliveryWorld();

function projectsOf(owner: string, branch = "main", threadId = randomUUID()): ProjectsPort {
  return createProjects({ database: world.database, run: { owner, threadId, branch } });
}

const INPUT = { name: "Team Polls", goal: "vote", stack: "node" as const };

test("a call makes one project, also when it is repeated; another call, branch or thread makes its own", async () => {
  const thread = randomUUID();
  const port = projectsOf("ada", "main", thread);
  const made = await Promise.all([port.create({ call: "c1", ...INPUT }), port.create({ call: "c1", ...INPUT })]);
  expect(made[0]).toEqual(made[1]);
  expect(made[0]?.slug).toBe("team-polls");
  const second = await port.create({ call: "c2", ...INPUT });
  const forked = await projectsOf("ada", "fork", thread).create({ call: "c1", ...INPUT });
  expect(new Set([made[0]?.id, second.id, forked.id]).size).toBe(3);
  expect([second.slug, forked.slug]).toEqual(["team-polls-2", "team-polls-3"]);
});

test("addresses from any language", async () => {
  const port = projectsOf("boris");
  expect((await port.create({ call: "1", ...INPUT, name: "Опросы команды" })).slug).toBe("oprosy-komandy");
  expect((await port.create({ call: "2", ...INPUT, name: "Café Ü-Liste!" })).slug).toBe("cafe-u-liste");
  expect((await port.create({ call: "3", ...INPUT, name: "投票" })).slug).toMatch(/^project/);
  expect((await port.create({ call: "4", ...INPUT, name: "x".repeat(300) })).slug).toHaveLength(56);
});

describe("owners", () => {
  test("see and change their own only", async () => {
    const ada = projectsOf("ada-2");
    const eve = projectsOf("eve-2");
    const project = await ada.create({ call: "1", ...INPUT, name: "Secret plans" });
    expect((await ada.list()).map((one) => one.id)).toEqual([project.id]);
    expect(await eve.list()).toEqual([]);
    expect(await eve.find("secret plans")).toBeNull();
    const attempts: (() => Promise<unknown>)[] = [
      () => eve.get(project.id),
      () => eve.deliveries(project.id),
      () => eve.saveDelivery({ id: randomUUID(), projectId: project.id }),
      () => eve.saveSpec(project.id, { goal: "x", stack: "node", acceptanceCriteria: [], testCommand: "t", startCommand: "s", healthPath: "/" }),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: "not_found" });
    await expect(ada.get("not-a-uuid")).rejects.toMatchObject({ code: "not_found" });
  });

  test("find by name or slug, the newest when names are shared", async () => {
    const port = projectsOf("fritz");
    const one = await port.create({ call: "1", ...INPUT, name: "Twins" });
    const two = await port.create({ call: "2", ...INPUT, name: "twins" });
    expect((await port.find("TWINS"))?.id).toBe(one.id);
    expect((await port.find(two.slug))?.id).toBe(two.id);
    expect(await port.find("triplets")).toBeNull();
    const three = await port.create({ call: "3", ...INPUT, name: "Shared name!" });
    const four = await port.create({ call: "4", ...INPUT, name: "Shared name!" });
    expect(three.slug).not.toBe(four.slug);
    expect((await port.find("shared name!"))?.id).toBe(four.id);
  });
});

test("deliveries keep what is not given, and steps are written once per checkpoint and node", async () => {
  const port = projectsOf("greta");
  const project = await port.create({ call: "1", ...INPUT, name: "Ledger" });
  const id = randomUUID();
  const first = await port.saveDelivery({ id, projectId: project.id, request: "a ledger", branch: "delivery/1" });
  expect(first).toMatchObject({ status: "planning", branch: "delivery/1", rounds: 0 });
  const second = await port.saveDelivery({ id, projectId: project.id, status: "green", rounds: 2 });
  expect(second).toMatchObject({ request: "a ledger", branch: "delivery/1", status: "green", rounds: 2 });
  expect(await port.deliveries(project.id)).toEqual([second]);
  const step = { deliveryId: id, threadId: randomUUID(), checkpointId: "c", node: "tester", round: 1, commitSha: "abc", reportId: null, releaseId: null };
  await port.recordStep(step);
  await port.recordStep({ ...step, round: 2 });
  const rows = (await world.database.drizzle.select().from(deliverySteps)).filter((row) => row.deliveryId === id);
  expect(rows).toHaveLength(1);
  expect(rows[0]?.round).toBe(2);
  await expect(projectsOf("eve").recordStep(step)).rejects.toMatchObject({ code: "not_found" });
});

test("the service lists an owner's projects with what serves", async () => {
  const releases = world.releases({ watchMs: 0 });
  const service = createProjectsService({ database: world.database, releases, stopWork: async () => {} });
  const project = await deployableProject(world.database, world.dataDir, { owner: "hilda" });
  expect(await service.get({ owner: "hilda" }, project.id)).toMatchObject({ service: { serving: null, url: null, releases: [] } });
  await releases.forOwner("hilda").deploy(await project.commit({ fixture: "healthy.js" }));
  const page = { limit: 10, offset: 0 };
  const [listed] = (await service.list({ owner: "hilda" }, page)).items;
  expect(listed).toMatchObject({ id: project.id, service: { serving: { number: 1 }, url: expect.stringContaining(`http://${project.slug}.localhost:`) } });
  expect(await service.list({ owner: "eve" }, page)).toEqual({ items: [], total: 0 });
  await expect(service.undeploy({ owner: "eve" }, project.id)).rejects.toMatchObject({ code: "not_found" });
  expect((await service.undeploy({ owner: "hilda" }, project.id)).serving).toBeNull();
});
