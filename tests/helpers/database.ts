import { afterAll, inject } from "vitest";
import { openDatabase, type Database } from "#db/client.ts";
import { createClient, type DatabaseOptions } from "#db/create-client.ts";
import { withDatabase } from "./database-url.ts";

/** A freshly migrated database of its own. */
export interface TestDatabase extends AsyncDisposable {
  readonly database: Database;
  readonly url: string;
}

let count = 0;
const opened = new Set<TestDatabase>();

// registered while the test file is collected, so that `testDatabase` may be called anywhere in it
afterAll(async () => {
  for (const one of opened) await one[Symbol.asyncDispose]();
});

/**
 * A database cloned from the migrated template (20 ms), on the embedded PostgreSQL or where DATABASE_URL points. Dropped when the
 * file ends; `empty` leaves the migrations out. Call it at the top of a file, in `beforeAll`, or in a test.
 */
export async function testDatabase(options: Partial<DatabaseOptions> & { empty?: boolean } = {}): Promise<TestDatabase> {
  const { adminUrl, template } = inject("database");
  count += 1;
  const name = `slipway_test_${process.pid}_${count}_${Date.now().toString(36)}`;
  const admin = createClient({ url: adminUrl, poolSize: 1 });
  try {
    await admin`create database ${admin(name)} template ${admin(options.empty ? "template0" : template)}`;
  } finally {
    await admin.end();
  }
  const url = withDatabase(adminUrl, name);
  const { empty: _, ...rest } = options;
  const database = await openDatabase({ ...rest, url });
  const one: TestDatabase = {
    database,
    url,
    async [Symbol.asyncDispose]() {
      if (!opened.delete(one)) return;
      await database[Symbol.asyncDispose]();
      const last = createClient({ url: adminUrl, poolSize: 1 });
      try {
        await last`drop database if exists ${last(name)} with (force)`;
      } finally {
        await last.end();
      }
    },
  };
  opened.add(one);
  return one;
}
