/**
 * Secret values: sealed in the table `secrets`, a new version for every new value, opened only to start a process or to hide values in
 * text. References (`secret://<slug>/<name>@<version>`) are what everything else sees; a release keeps the references it was started
 * with, so going back to it brings its values back too.
 */
import { randomBytes } from "node:crypto";
import { and, desc, eq, inArray } from "drizzle-orm";
import { AppError } from "#errors";
import type { Database } from "#db/client.ts";
import { projects } from "#db/schema/projects.ts";
import { secrets } from "#db/schema/releases.ts";
import type { SecretReference, SecretsPort } from "#ports/secrets.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import { workedOnBy } from "../projects/projects.ts";
import { findKeyRing } from "./master-key.ts";
import { maskForms, maskText } from "./mask.ts";
import { type KeyRing, type MasterKey, seal, unseal } from "./seal.ts";

export interface SecretVaultOptions {
  database: Database;
  dataDir: string;
  /** SECRETS_KEY. */
  secretsKey?: string | undefined;
  /** SECRETS_KEY_PREVIOUS. */
  previousKey?: string | undefined;
  /** True on the embedded database, where a key is made when none is set. */
  embedded: boolean;
}

/** For the server's own use; `forOwner` is what a run may have. */
export interface SecretVault {
  forOwner(owner: string): SecretsPort;
  /**
   * A value that a person gave. The value it has already: the same reference again, so that a repeated answer adds no version.
   * @throws AppError `invalid_request` for an unusable name or value, `not_found` for another owner's project.
   */
  storeUserValue(projectId: string, name: string, value: string, owner?: string): Promise<SecretReference>;
  /** Values by name, for the environment of a process that is about to start and for nothing else. */
  open(projectId: string, references: readonly string[]): Promise<Map<string, string>>;
  /** Every text that must not be seen in the output of this project, in all encodings. */
  masks(projectId: string): Promise<string[]>;
  /** The text with this project's secrets hidden, all versions of them. */
  mask(text: string, projectId: string): Promise<string>;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const VALUE_LIMIT = 65_536;
const GENERATED_BYTES = 32;

/** The name and version in a reference; `secret_missing` when it is none. */
function parseReference(reference: string): { name: string; version: number } {
  const match = /^secret:\/\/[^/]+\/([A-Za-z_][A-Za-z0-9_]*)@(\d+)$/.exec(reference);
  if (!match?.[1]) throw new AppError("secret_missing", "A release names a secret that cannot be read as a reference.");
  return { name: match[1], version: Number(match[2]) };
}

/** The vault over the table of secrets; its master key is looked for when the first secret is. */
export function createSecretVault(options: SecretVaultOptions): SecretVault {
  const { drizzle } = options.database;
  let found: KeyRing | undefined;
  // asked for at the first secret: an installation without secrets needs no key
  const key = (): MasterKey => (found ??= findKeyRing(options)).current;

  /** The key that sealed a row. One that is not known may have been made meanwhile by another process. */
  function keyOf(keyId: string): MasterKey | undefined {
    const find = () => [key(), ...(found?.previous ?? [])].find(({ id }) => id === keyId);
    const known = find();
    if (known !== undefined) return known;
    found = undefined;
    return find();
  }
  const bound = (projectId: string, name: string, version: number) => `${projectId}/${name}@${version}`;

  async function slugOf(projectId: string, member?: string): Promise<string> {
    const [row] = await drizzle
      .select({ slug: projects.slug })
      .from(projects)
      .where(and(eq(projects.id, projectId), member === undefined ? undefined : workedOnBy(member)));
    if (!row) throw new AppError("not_found", "There is no such project.");
    return row.slug;
  }

  async function ownerOf(projectId: string): Promise<string | null> {
    const [row] = await drizzle.select({ owner: projects.owner }).from(projects).where(eq(projects.id, projectId));
    return row?.owner ?? null;
  }

  function refer(slug: string, name: string, version: number): SecretReference {
    return { name, version, reference: `secret://${slug}/${name}@${version}` };
  }

  async function newest(projectId: string, name: string): Promise<typeof secrets.$inferSelect | undefined> {
    const [row] = await drizzle
      .select()
      .from(secrets)
      .where(and(eq(secrets.projectId, projectId), eq(secrets.name, name)))
      .orderBy(desc(secrets.version))
      .limit(1);
    return row;
  }

  /** Adds the version unless somebody else added it meanwhile. */
  async function add(projectId: string, name: string, version: number, origin: "generated" | "user", value: string): Promise<boolean> {
    const master = key();
    const sealed = seal(master, value, bound(projectId, name, version));
    const rows = await drizzle
      .insert(secrets)
      .values({ projectId, name, version, origin, keyId: master.id, sealed })
      .onConflictDoNothing()
      .returning({ version: secrets.version });
    return rows.length > 0;
  }

  function openRow(row: typeof secrets.$inferSelect): string {
    const master = keyOf(row.keyId);
    if (master === undefined) {
      throw new AppError(
        "secret_missing",
        `The secret ${row.name} was sealed with another SECRETS_KEY (${row.keyId}); this one is ${key().id}. Set the old key again, or give the value again.`,
      );
    }
    return unseal(master, row.sealed, bound(row.projectId, row.name, row.version));
  }

  function requireName(name: string): void {
    if (!NAME.test(name)) throw new AppError("invalid_request", `"${name}" cannot be the name of a secret: letters, digits and _ only, at most 128.`);
  }

  async function masks(projectId: string): Promise<string[]> {
    const rows = await drizzle.select().from(secrets).where(eq(secrets.projectId, projectId));
    return maskForms(rows.flatMap((row) => (keyOf(row.keyId) === undefined ? [] : [openRow(row)])));
  }

  return {
    forOwner: (owner) => ({
      async ensureGenerated(projectId, name) {
        requireName(name);
        const slug = await slugOf(projectId, owner);
        const known = await newest(projectId, name);
        if (!known) await add(projectId, name, 1, "generated", randomBytes(GENERATED_BYTES).toString("base64url"));
        return refer(slug, name, known?.version ?? 1);
      },
      async references(projectId, names) {
        const slug = await slugOf(projectId, owner);
        const rows =
          names.length === 0
            ? []
            : await drizzle
                .select({ name: secrets.name, version: secrets.version })
                .from(secrets)
                .where(and(eq(secrets.projectId, projectId), inArray(secrets.name, [...names])));
        const versions = new Map<string, number>();
        for (const row of rows) versions.set(row.name, Math.max(row.version, versions.get(row.name) ?? 0));
        const wanted = [...new Set(names)];
        return {
          present: wanted.flatMap((name) => (versions.has(name) ? [refer(slug, name, versions.get(name) ?? 0)] : [])),
          missing: wanted.filter((name) => !versions.has(name)),
        };
      },
    }),

    async storeUserValue(projectId, name, value, owner) {
      requireName(name);
      if (value === "" || value.includes("\0") || Buffer.byteLength(value) > VALUE_LIMIT) {
        throw new AppError("invalid_request", `The value of ${name} must not be empty, hold a NUL character or be longer than ${VALUE_LIMIT} bytes.`);
      }
      const slug = await slugOf(projectId, owner);
      for (;;) {
        const known = await newest(projectId, name);
        if (known && keyOf(known.keyId) !== undefined && openRow(known) === value) return refer(slug, name, known.version);
        const version = (known?.version ?? 0) + 1;
        if (await add(projectId, name, version, "user", value)) return refer(slug, name, version);
      }
    },

    async open(projectId, references) {
      const values = new Map<string, string>();
      for (const { name, version } of references.map(parseReference)) {
        const [row] = await drizzle
          .select()
          .from(secrets)
          .where(and(eq(secrets.projectId, projectId), eq(secrets.name, name), eq(secrets.version, version)));
        if (!row) throw new AppError("secret_missing", `Version ${version} of the secret ${name} is gone.`, { details: { name, version } });
        values.set(name, openRow(row));
      }
      // before anybody has them
      if (values.size > 0) {
        const owner = await ownerOf(projectId);
        await recordEvent(options.database.sql, {
          type: "secret.accessed",
          owner,
          project_id: projectId,
          data: { secrets: [...references], purpose: "start of a release" },
        });
      }
      return values;
    },

    masks,
    async mask(text, projectId) {
      return maskText(text, await masks(projectId));
    },
  };
}
