import { type AuditRow, appendEvents } from "#db/queries/append-events.ts";
import type { EventRow } from "#db/queries/event-row.ts";
import { approvalsBehind, conversationsOf } from "#db/queries/event-surroundings.ts";
import { hasNewEvents, lockEventHead, takeEvents } from "#db/queries/take-events.ts";
import type postgres from "postgres";
import { AUDITED } from "#protocol/events/event.ts";
import { chainHash } from "./audit-chain.ts";

const AT_ONCE = 500;

/**
 * Gives events their place. An event is in one of two states:
 *
 *   told     in `event_intake`, written by whatever transaction it tells of; nobody reads it there
 *   placed   in `events`, with a number; also in `audit_log`, with a hash, when its category is audited
 *
 * Whoever holds the lock of `event_head` moves events from the first to the second, off the way of the work that they tell of: numbers have
 * no gaps, nothing ever appears before a number that was read, and the chain of hashes has one order however many processes there are.
 * A crash in between leaves the event told. What is cheaper to look up here than where the event is written is added here: the
 * conversation, the project, the approval behind a run.
 *
 * @param wait for another process that is at it, so that everything committed before this call is placed after it
 * @returns how many were placed
 */
export async function sequenceEvents(sql: postgres.Sql, { wait }: { wait: boolean }): Promise<number> {
  let placed = 0;
  for (;;) {
    // what another process is about to place still shows here until it is placed
    if (!(await hasNewEvents(sql))) return placed;
    const count = await sql.begin((transaction) => placeSome(transaction, wait));
    if (count === null) return placed;
    placed += count;
    if (count < AT_ONCE) return placed;
  }
}

async function placeSome(sql: postgres.TransactionSql, wait: boolean): Promise<number | null> {
  const head = await lockEventHead(sql, wait);
  if (head === null) return null;
  const told = await takeEvents(sql, AT_ONCE);
  if (told.length === 0) return 0;
  const threads = new Set(told.flatMap(({ thread_id }) => thread_id ?? []));
  const begun = told
    .filter(({ type, causation_id }) => causation_id === null && (type === "run.created" || type === "run.started"))
    .flatMap(({ run_id }) => run_id ?? []);
  const [conversations, approvals] = await Promise.all([conversationsOf(sql, [...threads]), approvalsBehind(sql, begun)]);

  let { seq, audit_seq, audit_hash } = head;
  const audit: AuditRow[] = [];
  const events = told.map((event): EventRow => {
    const around = event.thread_id === null ? undefined : conversations.get(event.thread_id);
    const approval = event.type === "run.created" || event.type === "run.started" ? approvals.get(event.run_id ?? "") : undefined;
    const placed = {
      ...event,
      project_id: event.project_id ?? around?.project ?? null,
      correlation_id: event.correlation_id ?? around?.root ?? event.thread_id,
      causation_id: event.causation_id ?? approval ?? null,
    };
    if (AUDITED.has(event.category)) {
      const row = { ...placed, seq: (audit_seq += 1) };
      audit.push({ ...row, previous_hash: audit_hash, hash: (audit_hash = chainHash(audit_hash, row)) });
    }
    return { ...placed, seq: (seq += 1) };
  });
  await appendEvents(sql, { events, audit, head: { seq, audit_seq, audit_hash } });
  return told.length;
}
