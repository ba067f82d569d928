import type { DryRunRequest, PolicyCreate } from "#protocol/policies.ts";
import type { Caller } from "../caller.ts";
import type { Page } from "../page.ts";
import type { DryRun, Policy } from "../policies.ts";

/** Rules about what people are asked (docs/approvals.md). Administrators only. */
export interface PoliciesService {
  /** In order, those that Slipway brings last. */
  list(caller: Caller, page: Page): Promise<{ items: Policy[]; total: number }>;
  get(caller: Caller, policyId: string): Promise<Policy>;
  create(caller: Caller, input: PolicyCreate): Promise<Policy>;
  /** Questions that are asked already stay as they were ruled. */
  replace(caller: Caller, policyId: string, input: PolicyCreate): Promise<Policy>;
  delete(caller: Caller, policyId: string): Promise<void>;
  /** `policies`: instead of those that are stored. Decides nothing. */
  dryRun(caller: Caller, input: DryRunRequest): Promise<DryRun>;
}
