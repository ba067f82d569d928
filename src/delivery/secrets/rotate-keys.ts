import type { Database } from "#db/client.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import { secretsUnder, rewrapSecret } from "#db/queries/rewrap-secrets.ts";
import { rewrap, type KeyRing } from "./seal.ts";

const AT_ONCE = 100;

/**
 * Seals every secret's own key with the current master key instead of a previous one; values are not touched. In batches, each a transaction:
 * when it is interrupted, calling it again goes on with what is left, and both keys open what they sealed until then.
 * @returns how many were sealed anew, and how many were sealed with a key that is not known any more
 */
export async function rotateKeys(database: Database, ring: KeyRing): Promise<{ rewrapped: number; unknown: number }> {
  const { sql } = database;
  const known = new Map(ring.previous.map((key) => [key.id, key]));
  let rewrapped = 0;
  for (;;) {
    const count = await sql.begin(async (transaction) => {
      const rows = await secretsUnder(transaction, [...known.keys()], AT_ONCE);
      for (const row of rows) {
        const from = known.get(row.key_id);
        if (from === undefined) continue;
        const bound = `${row.project_id}/${row.name}@${row.version}`;
        await rewrapSecret(transaction, { ...row, key_id: ring.current.id, sealed: rewrap(from, ring.current, row.sealed, bound) });
      }
      const from = [...new Set(rows.map(({ key_id }) => key_id))];
      if (rows.length > 0)
        await recordEvent(transaction, { type: "secrets.rotated", owner: null, data: { from, to: ring.current.id, rewrapped: rows.length } });
      return rows.length;
    });
    rewrapped += count;
    if (count === 0) break;
  }
  const [left] = await sql<{ unknown: number }[]>`select count(*)::int as unknown from secrets where key_id <> ${ring.current.id}`;
  return { rewrapped, unknown: left?.unknown ?? 0 };
}
