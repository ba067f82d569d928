import { testDatabase, type TestDatabase } from "../../database.ts";
import { Fleet, type FleetOptions } from "../fleet.ts";
import { type Ledger, openLedger } from "../ledger.ts";
import { recordRuns } from "../run-history.ts";

/** What a scenario plays on: a fleet, its database with the history of its runs, and the ledger outside. */
export interface World extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly ledger: Ledger;
  readonly fleet: Fleet;
}

/** On a database of its own: the embedded one of the tests, or where DATABASE_URL points. */
export async function openWorld(size: { servers: number; workers: number }, options: Partial<FleetOptions> = {}): Promise<World> {
  const [db, ledger] = [await testDatabase({ poolSize: 2 }), await openLedger()];
  await recordRuns(db.database);
  const fleet = await Fleet.start({ databaseUrl: db.url, ledgerUrl: ledger.url, ...options }, size);
  return { db, ledger, fleet, [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose]() };
}
