import { z } from "zod";
import { event } from "./event.ts";

/** Audited. `key_id` and the like name things; what opens them is never in an event. */
export const SECURITY_EVENTS = [
  event("security", "login.failed", { reason: z.string(), kind: z.string().optional(), address: z.string().nullish(), attempts: z.number().int().optional() }),
  event("security", "user.created", { user: z.string(), role: z.string().optional() }),
  event("security", "user.changed", { user: z.string(), role: z.string().optional(), disabled: z.boolean().optional() }),
  event("security", "things.adopted", { from: z.string(), user: z.string(), rows: z.record(z.string(), z.number().int()) }),
  event("security", "key.created", {
    key_id: z.string(),
    user: z.string(),
    scopes: z.array(z.string()),
    limits: z.record(z.string(), z.number().nullable()).optional(),
    expires_at: z.string().nullish(),
  }),
  event("security", "key.revoked", { key_id: z.string(), user: z.string() }),
  event("security", "access.denied", {
    reason: z.string(),
    /** Method and path. */
    action: z.string().optional(),
    status: z.number().int().optional(),
    address: z.string().optional(),
    /** Refusals before this one that were too many to be told. */
    left_out: z.number().int().optional(),
  }),
  event("security", "policy.changed", {
    policy_id: z.string(),
    name: z.string(),
    change: z.enum(["created", "updated", "deleted"]),
    enabled: z.boolean().optional(),
    effect: z.string().optional(),
    pattern: z.string().optional(),
  }),
  event("security", "project.shared", { user: z.string(), role: z.string().optional() }),
  event("security", "project.unshared", { user: z.string() }),
  event("security", "secret.stored", { name: z.string(), version: z.number().int(), origin: z.string(), key_id: z.string() }),
  event("security", "secret.accessed", { secrets: z.array(z.string()), purpose: z.string() }),
  event("security", "secrets.rotated", { from: z.array(z.string()), to: z.string(), rewrapped: z.number().int() }),
] as const;
