import { z } from "zod";
import { Id, maybe, PageFields, present } from "./fields.ts";

export const ApprovalPath = z.object({ approval_id: Id });

export const ApprovalsQuery = z
  .object({
    ...PageFields,
    state: maybe(z.enum(["pending", "resuming", "done", "expired", "superseded"])),
    kind: maybe(z.enum(["plan", "tool", "deploy", "secret", "budget", "question", "escalation"])),
    thread_id: maybe(Id),
  })
  .transform(present);
