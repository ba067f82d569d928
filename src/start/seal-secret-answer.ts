import { z } from "zod";
import type { SecretVault } from "#delivery/secrets/vault.ts";
import { AppError } from "#errors";
import type { SealSecretAnswer } from "#governance/approvals.ts";

const SecretPayload = z.object({ x: z.object({ project_id: z.uuid() }) });
const REFERENCE = /^secret:\/\/[^/\s]+\/[A-Za-z_][A-Za-z0-9_]*@\d+$/;

/**
 * Puts the values of a `secret` answer into the vault and gives the decision back with references in their place, before anything of
 * it is stored: no run, checkpoint, log or recording ever holds a value. An answer that a parent's thread passes on to its team was
 * sealed when it was given to the parent, and holds references already.
 */
export function sealSecretAnswer(vault: SecretVault): SealSecretAnswer {
  return async (_approval, decision, payload, owner) => {
    if (decision.args === null) return decision;
    const { x } = SecretPayload.parse(payload);
    const references: Record<string, string> = {};
    for (const [name, value] of Object.entries(decision.args)) {
      if (typeof value !== "string") throw new AppError("unreadable_answer", `The value of ${name} must be text.`);
      references[name] = REFERENCE.test(value) ? value : (await vault.storeUserValue(x.project_id, name, value, owner)).reference;
    }
    return { ...decision, args: references };
  };
}
