import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { createClient } from "#db/create-client.ts";
import { openEmbedded } from "#db/embedded.ts";
import { migrate, MIGRATIONS_FOLDER } from "#db/migrate.ts";
import { withDatabase } from "./database-url.ts";

declare module "vitest" {
  interface ProvidedContext {
    database: { adminUrl: string; template: string };
  }
}

/** Any number that nothing else locks. */
const TEMPLATE = 7_210_003;

/**
 * One PostgreSQL for the whole run: DATABASE_URL's, or an embedded one in a folder that concurrent runs share (the last one stops it).
 * Provides a template database with today's migrations.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const outside = process.env["DATABASE_URL"];
  const folder = join(tmpdir(), `slipway-tests-${userInfo().uid}`);
  if (!outside) mkdirSync(folder, { recursive: true, mode: 0o700 });
  // a killed machine may lose test data; nobody minds, and the tests are twice as fast
  const embedded = outside
    ? null
    : await openEmbedded(folder, { settings: ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300"] });
  const adminUrl = outside ?? embedded?.url ?? "";
  const template = `slipway_template_${migrationsDigest()}`;
  const admin = createClient({ url: adminUrl, poolSize: 1, statementTimeoutMs: 0 });
  try {
    await admin`select pg_advisory_lock(${TEMPLATE})`;
    const ready = await admin`select 1 from pg_database where datname = ${template} and datistemplate`;
    if (ready.length === 0) {
      await admin`drop database if exists ${admin(template)} with (force)`;
      await admin`create database ${admin(template)}`;
      await migrate({ url: withDatabase(adminUrl, template) });
      // marked only when whole: a run that was killed in between left an unmarked one
      await admin`alter database ${admin(template)} with is_template true`;
    }
    // on another machine's server a pid says nothing
    if (embedded || ["localhost", "127.0.0.1"].includes(new URL(adminUrl).hostname)) await dropLeftovers(admin);
    await admin`select pg_advisory_unlock(${TEMPLATE})`;
  } finally {
    await admin.end();
  }
  project.provide("database", { adminUrl, template });
  return async () => {
    await embedded?.[Symbol.asyncDispose]();
  };
}

function migrationsDigest(): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(MIGRATIONS_FOLDER).toSorted()) {
    if (name.endsWith(".sql")) hash.update(name).update(readFileSync(join(MIGRATIONS_FOLDER, name)));
  }
  return hash.digest("hex").slice(0, 12);
}

/** Databases of test processes that were killed: nobody is in them and their process is gone. */
async function dropLeftovers(admin: ReturnType<typeof createClient>): Promise<void> {
  const rows = await admin<{ datname: string }[]>`
    select datname from pg_database d where datname like 'slipway\\_test\\_%' and not exists (select 1 from pg_stat_activity a where a.datname = d.datname)`;
  for (const { datname } of rows) {
    const pid = Number(datname.split("_")[2]);
    try {
      process.kill(pid, 0);
    } catch {
      await admin`drop database if exists ${admin(datname)} with (force)`;
    }
  }
}
