import { z } from "zod";
import { event } from "./event.ts";

const Approval = {
  approval_id: z.string(),
  kind: z.string(),
  action: z.string(),
  risk: z.string(),
  target: z.string().optional(),
  assignee: z.string().nullish(),
};

/** Written by the database itself with every change of an approval's state (`slipway_tell_approval`). Audited. */
export const APPROVAL_EVENTS = [
  event("approval", "approval.required", { ...Approval, expires_at: z.string().nullish() }),
  event("approval", "approval.expiring", { ...Approval, expires_at: z.string().nullish() }),
  event("approval", "approval.decided", {
    ...Approval,
    decision: z.string().nullable(),
    via: z.string().nullable(),
    policy: z.string().nullish(),
    response_ms: z.number().nullish(),
  }),
  event("approval", "approval.reopened", Approval),
  event("approval", "approval.done", Approval),
  event("approval", "approval.expired", Approval),
  event("approval", "approval.superseded", Approval),
  event("approval", "approval.noted", { ...Approval, note: z.string() }),
] as const;
