import type { ApprovalChangeRow } from "#db/queries/approval-changes.ts";
import type { FiguresRow } from "#db/queries/approval-figures.ts";
import type { ApprovalChange, ApprovalFigures, ApprovalMetrics } from "#ports/approvals.ts";
import { policyNote } from "./approval-view.ts";

/** A row of the history as the inbox tells it. */
export function changeOf(row: ApprovalChangeRow): ApprovalChange {
  return {
    at: row.at.toISOString(),
    event: row.event,
    from: row.from_state,
    to: row.to_state,
    by: row.actor,
    via: row.via,
    runId: row.run_id,
    decision: row.decision,
    policy: policyNote(row.policy),
    note: row.note,
  };
}

/** Figures as they are told: counts, and rates where there is something to divide by. */
export function metricsOf(since: Date, rows: readonly FiguresRow[]): ApprovalMetrics {
  const all = rows.find((row) => row.kind === null);
  const byKind: ApprovalMetrics["byKind"] = {};
  for (const row of rows) if (row.kind !== null) byKind[row.kind] = figuresOf(row);
  return { since: since.toISOString(), total: all === undefined ? NONE : figuresOf(all), byKind };
}

function figuresOf(row: FiguresRow): ApprovalFigures {
  const { asked, pending, decided, approved, edited, rejected, responded, expired, superseded } = row;
  const [p50, p90, p99] = row.percentiles ?? [];
  return {
    asked,
    pending,
    decided,
    approved,
    edited,
    rejected,
    responded,
    byPolicy: row.by_policy,
    expired,
    superseded,
    approvalRate: rate(row.people_approved, row.people_judged),
    timeoutRate: rate(expired, decided + expired),
    responseSeconds: p50 === undefined || p90 === undefined || p99 === undefined ? null : { p50, p90, p99 },
  };
}

function rate(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

const NONE: ApprovalFigures = {
  asked: 0,
  pending: 0,
  decided: 0,
  approved: 0,
  edited: 0,
  rejected: 0,
  responded: 0,
  byPolicy: 0,
  expired: 0,
  superseded: 0,
  approvalRate: null,
  timeoutRate: null,
  responseSeconds: null,
};
