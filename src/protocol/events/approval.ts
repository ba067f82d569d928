import { z } from "zod";
import { event } from "./event.ts";

const Approval = {
  approval_id: z.string(),
  kind: z.string(),
  action: z.string(),
  risk: z.string(),
  target: z.string().optional(),
  assignee: z.string().nullish(),
  // a team's question as its conversation shows it: figures count the question itself
  mirror_of: z.string().optional(),
};

const Asked = {
  // the rule because of which it was asked, built in or not
  rule: z.string().nullish(),
};

/** Written by the database itself with every change of an approval's state (`slipway_tell_approval`). Audited. */
export const APPROVAL_EVENTS = [
  event("approval", "approval.required", { ...Approval, expires_at: z.string().nullish() }),
  event("approval", "approval.expiring", { ...Approval, ...Asked, expires_at: z.string().nullish() }),
  event("approval", "approval.decided", {
    ...Approval,
    ...Asked,
    decision: z.string().nullable(),
    via: z.string().nullable(),
    // the rule that decided, where no person did
    policy: z.string().nullish(),
    response_ms: z.number().nullish(),
  }),
  event("approval", "approval.reopened", Approval),
  event("approval", "approval.done", Approval),
  event("approval", "approval.expired", { ...Approval, ...Asked }),
  event("approval", "approval.superseded", Approval),
  // the one that the database does not write: a rule refused a call of a tool, or let one pass that would have been asked about
  event("approval", "approval.ruled", {
    action: z.string(),
    call_id: z.string(),
    risk: z.string(),
    effect: z.enum(["allow", "ask", "deny"]),
    policy: z.string(),
    policy_id: z.string(),
  }),
  event("approval", "approval.noted", { ...Approval, note: z.string() }),
] as const;
