import { z } from "zod";
import type { ApprovalPayload } from "#protocol/approval-payload.ts";

const Answered = z.object({ approval_id: z.uuid() });

/**
 * Under which id the inbox keeps the decision. The answer says it: in the copy of a thread the question that was copied is a row of its own,
 * with another id than the payload shows.
 */
export function answeredAs(payload: ApprovalPayload, raw: unknown): string {
  return Answered.safeParse(raw).data?.approval_id ?? payload.x.approval_id;
}
