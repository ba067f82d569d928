import type { Database } from "#db/client.ts";
import type { EventScope } from "#db/queries/event-conditions.ts";
import { eventMetrics } from "#db/queries/event-metrics.ts";
import { endsOfLogs, readAuditLog, readEvents } from "#db/queries/read-events.ts";
import { AppError } from "#errors";
import type { EventMetrics, EventsService, SessionMetrics } from "#ports/events.ts";
import type { Caller } from "#ports/caller.ts";
import { isAdmin } from "../identity/rights.ts";
import { permit } from "../permit.ts";
import { type EventLog, eventsOf } from "./event-log.ts";

/** Reading the logs. Whoever asks sees what they did themselves: everything that was committed before has its place first. */
export function makeEventsService({ database, eventLog }: { database: Database; eventLog: EventLog }): EventsService {
  const { sql } = database;

  async function scopeOf(caller: Caller): Promise<EventScope> {
    const { access } = await permit(caller, "threads:search", {});
    const all = caller.rights !== undefined && isAdmin(caller.rights);
    return { owner: caller.owner, nobodys: isEverybody(caller), access, all };
  }

  return {
    async list(caller, filter, page) {
      const scope = await scopeOf(caller);
      await eventLog.settle();
      // first, so that following from there misses nothing
      const { seq } = await endsOfLogs(sql);
      const { rows, next } = cut(await readEvents(sql, scope, filter, { ...page, limit: page.limit + 1 }), page.limit);
      return { items: eventsOf(rows), next_cursor: next, last_seq: seq };
    },

    async follow(caller, filter, { after, signal }) {
      const scope = await scopeOf(caller);
      await eventLog.settle();
      const { seq } = await endsOfLogs(sql);
      return eventLog.follow(scope, filter, { after: Math.min(after ?? seq, seq), signal });
    },

    async metrics(caller, filter) {
      const scope = await scopeOf(caller);
      await eventLog.settle();
      const [row] = (await eventMetrics(sql, scope, filter, null)).rows;
      if (row === undefined) return NOTHING;
      return metricsOf(row);
    },

    async sessionMetrics(caller, sessionId) {
      const scope = await scopeOf(caller);
      await eventLog.settle();
      const [row] = (await eventMetrics(sql, scope, { correlation_id: sessionId }, { limit: 1, offset: 0 })).rows;
      if (row === undefined) throw new AppError("not_found", `Nothing is told of a session ${sessionId}.`);
      return named(row);
    },

    async sessions(caller, filter, page) {
      const scope = await scopeOf(caller);
      await eventLog.settle();
      const { rows, total } = await eventMetrics(sql, scope, filter, page);
      return { items: rows.map(named), total };
    },

    async auditLog(caller, filter, page) {
      // not by the rules about threads: who administers sees all of it, and everybody what is about them
      const { owner } = caller;
      const scope = { ...(await scopeOf(caller)), owner, access: { owner, contains: {} } };
      await eventLog.settle();
      const { audit_seq: seq, audit_hash: hash } = await endsOfLogs(sql);
      const { rows, next } = cut(await readAuditLog(sql, scope, filter, { ...page, limit: page.limit + 1 }), page.limit);
      return { items: rows, next_cursor: next, head: { seq, hash } };
    },
  };
}

/** Without authentication there is one person. */
function isEverybody({ rights, user }: Caller): boolean {
  return rights === undefined && user === undefined;
}

function cut<T extends { seq: number }>(rows: readonly T[], limit: number): { rows: T[]; next: number | null } {
  const kept = rows.slice(0, limit);
  return { rows: kept, next: rows.length > limit ? (kept.at(-1)?.seq ?? null) : null };
}

function metricsOf({ events, first_at, last_at, sessions, runs, models, tools, approvals }: EventMetrics): EventMetrics {
  return { events, first_at, last_at, sessions, runs, models, tools, approvals };
}

function named(row: EventMetrics & { session_id: string | null }): SessionMetrics {
  return { session_id: row.session_id ?? "", ...metricsOf(row) };
}

const NO_TIMES = { average_ms: null, p50_ms: null, p95_ms: null };
const NOTHING = {
  events: { total: 0, by_category: {}, by_type: {} },
  first_at: null,
  last_at: null,
  sessions: 0,
  runs: { started: 0, ended: 0, by_status: {}, ...NO_TIMES },
  models: { calls: 0, failed: 0, input_tokens: 0, output_tokens: 0, cost_usd: null, ...NO_TIMES },
  tools: { calls: 0, failed: 0, by_tool: {}, ...NO_TIMES },
  approvals: { required: 0, decided: 0, expired: 0, by_decision: {}, ...NO_TIMES },
};
