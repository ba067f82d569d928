import { test } from "vitest";
import { openDatabase } from "#db/client.ts";
import { migrate } from "#db/migrate.ts";
import { Fleet } from "../../helpers/faults/fleet.ts";
import { openLedger } from "../../helpers/faults/ledger.ts";
import { startPostgres } from "../../helpers/faults/postgres-server.ts";
import { recordRuns } from "../../helpers/faults/run-history.ts";
import { databaseAway } from "../../helpers/faults/scenarios/database-away.ts";

test("a PostgreSQL that goes away under load is outlived by every process and every run", async () => {
  await using postgres = await startPostgres();
  const ledger = await openLedger();
  await using database = await openDatabase({ url: postgres.url, poolSize: 2 });
  await migrate(database);
  await recordRuns(database);
  await using fleet = await Fleet.start({ databaseUrl: postgres.url, ledgerUrl: ledger.url, redisUrl: null, leaseSeconds: 4 }, { servers: 1, workers: 2 });
  await databaseAway({ database, fleet, ledger, postgres, redis: null }, { runs: 40, steps: 5, ms: 60, rounds: 2, downMs: 500 });
});
