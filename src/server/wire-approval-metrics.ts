import type { ApprovalFigures, ApprovalMetrics } from "#ports/approvals.ts";
import type { ApprovalMetricsAnswer } from "#protocol/approvals.ts";

/** What was asked and decided, as clients see it. */
export function wireApprovalMetrics({ since, total, byKind }: ApprovalMetrics): ApprovalMetricsAnswer {
  const kinds = Object.entries(byKind).map(([kind, figures]) => [kind, wireFigures(figures)] as const);
  return { since, total: wireFigures(total), by_kind: Object.fromEntries(kinds) };
}

function wireFigures({ byPolicy, approvalRate, timeoutRate, responseSeconds, ...counts }: ApprovalFigures): ApprovalMetricsAnswer["total"] {
  return { ...counts, by_policy: byPolicy, approval_rate: approvalRate, timeout_rate: timeoutRate, response_seconds: responseSeconds };
}
