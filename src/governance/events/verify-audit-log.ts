import type { Database } from "#db/client.ts";
import { endsOfLogs, readAuditLog } from "#db/queries/read-events.ts";
import type { AuditEntry } from "#ports/events.ts";
import { BEGINNING, chainHash } from "./audit-chain.ts";
import { sequenceEvents } from "./sequence-events.ts";

export interface AuditVerdict {
  /** Rows that are as they were written. */
  rows: number;
  /** The hash of the last of them: kept elsewhere, it proves later that nothing up to here was changed. */
  head: string;
  /** The first row that is not as it was written, and why; null when all are. */
  broken: { seq: number; why: string } | null;
}

const PAGE = 1_000;
const EVERYTHING = { owner: "", access: { owner: null, contains: {} }, all: true };

/** All rows, oldest first. */
export async function* auditEntries({ sql }: Database, upTo = Number.POSITIVE_INFINITY): AsyncGenerator<AuditEntry> {
  let cursor = 0;
  for (;;) {
    const rows = await readAuditLog(sql, EVERYTHING, {}, { limit: PAGE, order: "asc", cursor });
    for (const row of rows) {
      if (row.seq > upTo) return;
      yield row;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    cursor = last.seq;
  }
}

/**
 * Computes the chain again. A row that was changed, added, removed or moved breaks it at that row; rows cut off at the end show against the
 * head that the database keeps apart.
 * @param known a head that was written down earlier: the log must still go through it
 */
export async function verifyAuditLog(database: Database, { known }: { known?: string } = {}): Promise<AuditVerdict> {
  await sequenceEvents(database.sql, { wait: true });
  const end = await endsOfLogs(database.sql);
  let rows = 0;
  let head = BEGINNING;
  let passed = known === undefined || known === BEGINNING;
  const broken = (seq: number, why: string): AuditVerdict => ({ rows, head, broken: { seq, why } });
  for await (const entry of auditEntries(database, end.audit_seq)) {
    if (entry.seq !== rows + 1) return broken(rows + 1, `row ${rows + 1} is missing`);
    if (entry.previous_hash !== head) return broken(entry.seq, "it does not follow from the row before");
    const { hash } = entry;
    if (chainHash(head, entry) !== hash) return broken(entry.seq, "it is not what was written");
    rows += 1;
    head = hash;
    passed ||= hash === known;
  }
  if (rows < end.audit_seq) return broken(rows + 1, `rows ${rows + 1} to ${end.audit_seq} are missing at the end`);
  if (head !== end.audit_hash) return broken(rows, "the end of the log is not the one that was written last");
  if (!passed) return broken(rows, "the log does not go through the head that was given: it was written anew");
  return { rows, head, broken: null };
}
