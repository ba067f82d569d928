/**
 * A process that uses the embedded PostgreSQL of the folder given: prints `{ url, started }` once it is connected, leaves in order when
 * its stdin closes, and can be killed.
 */
import { openDatabase } from "#db/client.ts";
import { openEmbedded } from "#db/embedded.ts";

const [folder = "", ...settings] = process.argv.slice(2);
try {
  await using embedded = await openEmbedded(folder, { settings });
  await using database = await openDatabase({ url: embedded.url });
  const [row] = await database.sql<{ started: string }[]>`select pg_postmaster_start_time()::text as started`;
  process.stdout.write(`${JSON.stringify({ url: embedded.url, started: row?.started })}\n`);
  for await (const _ of process.stdin);
} catch (error) {
  process.stdout.write(
    `${JSON.stringify({ error: error instanceof Error ? error.message : String(error), code: error instanceof Error && "code" in error ? error.code : null })}\n`,
  );
}
