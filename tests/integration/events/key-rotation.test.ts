import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { secrets } from "#db/schema/releases.ts";
import { rotateKeys } from "#delivery/secrets/rotate-keys.ts";
import { masterKey } from "#delivery/secrets/seal.ts";
import { createSecretVault } from "#delivery/secrets/vault.ts";
import { testDatabase } from "../../helpers/database.ts";
import { deployableProject } from "../../helpers/deployable.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const OLD = "the old key of this installation";
const NEW = "the new key of this installation";

async function slipway(words: string[], environment: Record<string, string>): Promise<string> {
  const { PATH = "", HOME = "/tmp" } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ["src/cli/slipway.ts", ...words], {
    env: { PATH, HOME, LOG_LEVEL: "silent", ...environment },
  });
  return stdout;
}

test("a new key takes over in the middle of work: old values open before, between and after, and only then without the old key", async () => {
  const { database, url } = await testDatabase();
  const dataDir = temporaryFolder("key-rotation");
  const project = await deployableProject(database, dataDir);
  const vault = (secretsKey: string, previousKey?: string) => createSecretVault({ database, dataDir, secretsKey, previousKey, embedded: false });
  const given = await Promise.all(Array.from({ length: 3 }, (_, index) => vault(OLD).storeUserValue(project.id, `TOKEN_${index}`, `canary-${index}`)));
  const references = given.map(({ reference }) => reference);
  const sealedBefore = await database.drizzle.select().from(secrets);

  await expect(vault(NEW).open(project.id, references)).rejects.toMatchObject({ code: "secret_missing" });
  expect((await vault(NEW, OLD).open(project.id, references)).get("TOKEN_1")).toBe("canary-1");
  const mixed = await vault(NEW, OLD).storeUserValue(project.id, "TOKEN_NEW", "canary-new");

  const environment = { DATABASE_URL: url, DATA_DIR: dataDir };
  expect(await slipway(["secrets", "rotate-key"], { ...environment, SECRETS_KEY: NEW, SECRETS_KEY_PREVIOUS: OLD })).toContain(
    "3 secrets are sealed with the key",
  );
  expect(await rotateKeys(database, { current: masterKey(NEW), previous: [masterKey(OLD)] })).toEqual({ rewrapped: 0, unknown: 0 });

  const opened = await vault(NEW).open(project.id, [...references, mixed.reference]);
  expect([...opened.values()]).toEqual(["canary-0", "canary-1", "canary-2", "canary-new"]);
  await expect(vault(OLD).open(project.id, references)).rejects.toMatchObject({ code: "secret_missing" });
  const sealedAfter = await database.drizzle.select().from(secrets);
  expect(new Set(sealedAfter.map(({ keyId }) => keyId))).toEqual(new Set([masterKey(NEW).id]));
  expect(sealedBefore.map(({ keyId }) => keyId)).not.toContain(masterKey(NEW).id);

  expect(await slipway(["audit", "verify"], environment)).toMatch(/^\d+ rows, all as they were written. Head: [0-9a-f]{64}\n$/);
  const rows = (await slipway(["audit", "export"], environment)).trim().split("\n");
  const told = rows.map((row) => JSON.parse(row) as { type: string; owner: string | null; data: Record<string, unknown> });
  expect(told.filter(({ type }) => type === "secrets.rotated")).toMatchObject([{ data: { from: [masterKey(OLD).id], to: masterKey(NEW).id, rewrapped: 3 } }]);
  expect(told.filter(({ type }) => type === "secret.accessed").at(-1)).toMatchObject({ owner: "local", data: { secrets: [...references, mixed.reference] } });
  expect(rows.join("\n")).not.toContain("canary-");
});

test("what a key that nobody has sealed is counted and left alone", async () => {
  const { database } = await testDatabase();
  const dataDir = temporaryFolder("key-unknown");
  const project = await deployableProject(database, dataDir);
  const { reference } = await createSecretVault({ database, dataDir, secretsKey: "a third key", embedded: false }).storeUserValue(project.id, "TOKEN", "kept");
  expect(await rotateKeys(database, { current: masterKey(NEW), previous: [masterKey(OLD)] })).toEqual({ rewrapped: 0, unknown: 1 });
  const opened = await createSecretVault({ database, dataDir, secretsKey: "a third key", embedded: false }).open(project.id, [reference]);
  expect(opened.get("TOKEN")).toBe("kept");
});
