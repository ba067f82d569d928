import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { secrets } from "../../../src/db/schema/releases.ts";
import { createSecretVault } from "../../../src/delivery/secrets/vault.ts";
import { deployableProject, temporaryDataDir } from "../../helpers/deployable.ts";
import { deliveryWorld, until } from "../../helpers/delivery-world.ts";
import { ask } from "../../helpers/load.ts";

const world = deliveryWorld();

describe("the vault", () => {
  test("generates once, stores versions, and gives out references only", async () => {
    const project = await deployableProject(world.database, world.dataDir);
    const port = world.vault.forOwner("local");
    const made = await Promise.all([port.ensureGenerated(project.id, "SESSION_KEY"), port.ensureGenerated(project.id, "SESSION_KEY")]);
    expect(made[0]).toEqual({ name: "SESSION_KEY", version: 1, reference: `secret://${project.slug}/SESSION_KEY@1` });
    expect(made[1]).toEqual(made[0]);
    const one = await world.vault.storeUserValue(project.id, "API_TOKEN", "first value");
    const same = await world.vault.storeUserValue(project.id, "API_TOKEN", "first value");
    const two = await world.vault.storeUserValue(project.id, "API_TOKEN", "second value");
    expect([one.version, same.version, two.version]).toEqual([1, 1, 2]);
    expect(await port.references(project.id, ["API_TOKEN", "NOPE", "SESSION_KEY"])).toEqual({ present: [two, made[0]], missing: ["NOPE"] });
    const opened = await world.vault.open(project.id, [one.reference, made[0]?.reference ?? ""]);
    expect(opened.get("API_TOKEN")).toBe("first value");
    expect(Buffer.from(opened.get("SESSION_KEY") ?? "", "base64url")).toHaveLength(32);
  });

  test("rows hold no clear text, and a row moved to another project or name cannot be opened", async () => {
    const project = await deployableProject(world.database, world.dataDir);
    const other = await deployableProject(world.database, world.dataDir);
    const { reference } = await world.vault.storeUserValue(project.id, "TOKEN", "canary-in-a-row");
    const row = (await world.database.drizzle.select().from(secrets)).find((one) => one.projectId === project.id);
    expect(Buffer.from(row?.sealed ?? []).includes("canary-in-a-row")).toBe(false);
    expect(row?.keyId).toMatch(/^[0-9a-f]{16}$/);
    if (row) await world.database.drizzle.insert(secrets).values({ ...row, projectId: other.id });
    await expect(world.vault.open(other.id, [reference])).rejects.toMatchObject({ code: "secret_missing" });
  });

  test("a stranger's project is not found", async () => {
    const project = await deployableProject(world.database, world.dataDir, { owner: "ada" });
    await expect(world.vault.forOwner("eve").ensureGenerated(project.id, "KEY")).rejects.toMatchObject({ code: "not_found" });
    await expect(world.vault.forOwner("eve").references(project.id, ["KEY"])).rejects.toMatchObject({ code: "not_found" });
    await expect(world.vault.storeUserValue(project.id, "KEY", "value", "eve")).rejects.toMatchObject({ code: "not_found" });
  });

  test.each(["", "no-dashes", "1ST", "A B", "A=B"])("refuses the name %j", async (name) => {
    const project = await deployableProject(world.database, world.dataDir);
    await expect(world.vault.storeUserValue(project.id, name, "value")).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("the key", () => {
  test("is made in the data directory when embedded, once, for its owner only", async () => {
    const dataDir = temporaryDataDir();
    const project = await deployableProject(world.database, dataDir);
    const vaults = [1, 2, 3].map(() => createSecretVault({ database: world.database, dataDir, embedded: true }));
    await Promise.all(vaults.map((vault, index) => vault.storeUserValue(project.id, `NAME_${index}`, "value")));
    expect(statSync(join(dataDir, "secrets.key")).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir).filter((name) => name.startsWith("secrets.key"))).toEqual(["secrets.key"]);
    for (const vault of vaults) expect((await vault.open(project.id, [`secret://${project.slug}/NAME_2@1`])).get("NAME_2")).toBe("value");
    rmSync(dataDir, { recursive: true });
  });

  test("is demanded at the first secret, not before, where the database is elsewhere", async () => {
    const dataDir = temporaryDataDir();
    const project = await deployableProject(world.database, dataDir);
    const vault = createSecretVault({ database: world.database, dataDir, embedded: false });
    expect((await vault.forOwner("local").references(project.id, ["KEY"])).missing).toEqual(["KEY"]);
    expect(await vault.mask("nothing to hide", project.id)).toBe("nothing to hide");
    await expect(vault.forOwner("local").ensureGenerated(project.id, "KEY")).rejects.toMatchObject({
      code: "secrets_key_missing",
      message: expect.stringContaining("SECRETS_KEY"),
    });
    const withKey = createSecretVault({ database: world.database, dataDir, embedded: false, secretsKey: "correct horse" });
    const { reference } = await withKey.forOwner("local").ensureGenerated(project.id, "KEY");
    const wrong = createSecretVault({ database: world.database, dataDir, embedded: false, secretsKey: "battery staple" });
    await expect(wrong.open(project.id, [reference])).rejects.toMatchObject({
      code: "secret_missing",
      message: expect.stringContaining("another SECRETS_KEY"),
    });
    expect(readdirSync(dataDir)).toEqual(["projects"]);
    rmSync(dataDir, { recursive: true });
  });
});

/** Every file below a directory that holds the text, as paths. */
function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}

describe("a secret in a release", () => {
  const CANARY = "canary/9f4c+value&7a1b?x";
  const FORMS = [CANARY, encodeURIComponent(CANARY), Buffer.from(CANARY).toString("base64"), Buffer.from(`user:${CANARY}`).toString("base64").slice(4, -4)];

  test("reaches the process, and nothing else: no file, row, log, answer or process list", async () => {
    const port = world.releases({ watchMs: 0 }).forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
    await world.vault.storeUserValue(project.id, "API_TOKEN", CANARY);
    const outcome = await port.deploy({ ...(await project.commit({ fixture: "needs-secret.js" })), secretNames: ["API_TOKEN"] });
    expect(outcome.status).toBe("live");
    expect((await ask({ port: await world.proxyPort(), host: `${project.slug}.localhost`, path: "/length" })).body).toBe(String(CANARY.length));
    const logs = await until(async () => {
      const text = await port.logs(project.id, { lines: 100 });
      return text.includes("STORAGE_DIR") ? text : null;
    });
    expect(logs).toContain("starting with [secret], that is");
    const tables = ["releases", "secrets", "port_leases", "projects", "test_reports"];
    const rows = await Promise.all(tables.map((table) => world.database.sql`select t::text as row from ${world.database.sql(table)} t`));
    const arguments_ = execFileSync("ps", ["-eo", "args"], { encoding: "utf8", maxBuffer: 64_000_000 });
    for (const form of FORMS) {
      expect(filesWith(world.dataDir, form)).toEqual([]);
      expect(logs).not.toContain(form);
      expect(JSON.stringify(outcome)).not.toContain(form);
      expect(JSON.stringify(rows)).not.toContain(form);
      expect(arguments_).not.toContain(form);
    }
    expect(JSON.stringify(rows)).toContain(`secret://${project.slug}/API_TOKEN@1`);
  });

  test("is hidden in what a failed release answered", async () => {
    const port = world.releases({ gateMs: 600_000, badSignMs: 300, graceMs: 200 }).forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
    await world.vault.storeUserValue(project.id, "API_TOKEN", CANARY);
    const outcome = await port.deploy({ ...(await project.commit({ fixture: "answers-500.js" })), secretNames: ["API_TOKEN"] });
    expect(outcome.status).toBe("failed");
    expect(JSON.stringify(outcome.evidence)).toContain("token [secret]");
    expect(JSON.stringify(outcome)).not.toContain(CANARY);
    expect(filesWith(world.dataDir, CANARY)).toEqual([]);
  });

  test("a rollback brings back the version that the old release had", async () => {
    const port = world.releases({ watchMs: 0 }).forOwner("local");
    const project = await deployableProject(world.database, world.dataDir);
    const host = `${project.slug}.localhost`;
    const token = async () => (await ask({ port: await world.proxyPort(), host, path: "/token" })).body;
    await world.vault.storeUserValue(project.id, "API_TOKEN", "the old one");
    await port.deploy({ ...(await project.commit({ fixture: "healthy.js" })), secretNames: ["API_TOKEN"] });
    await world.vault.storeUserValue(project.id, "API_TOKEN", "the new one");
    expect(await token()).toBe("the old one");
    await port.deploy({ ...(await project.commit({ fixture: "healthy.js" })), secretNames: ["API_TOKEN"] });
    expect(await token()).toBe("the new one");
    await port.rollback(project.id, { reason: "the new token is wrong" });
    expect(await token()).toBe("the old one");
  });
});
