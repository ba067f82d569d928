import { z } from "zod";
import type { KeyLimits } from "#ports/identity.ts";
import { MAX_BODY_BYTES, MIN_BODY_BYTES } from "./body-size.ts";
import { Id } from "./fields.ts";
import { Identity } from "./auth.ts";

export const Role = z.enum(["user", "approver", "admin"]);
export const Scope = z.enum(["read", "write", "approve", "admin"]);
export const SCOPES = Scope.options;

/** Who a trusted back end is by itself. */
export const SERVICE_IDENTITY = "slipway-service";

/** Somebody with an account: whoever has a token or a key, and not the server's own names. */
export const Account = Identity.refine((name) => name !== SERVICE_IDENTITY, "is a name with a meaning of its own here");

export const Scopes = z
  .array(Scope)
  .min(1)
  .transform((scopes) => SCOPES.filter((scope) => scopes.includes(scope)));

const few = z.number().int().min(1).max(1_000_000).nullable().default(null);

/** At most; null, or absent: nothing of its own. */
export const KeyLimitsBody = z.strictObject({
  /** Changing requests. */
  requests_per_minute: few,
  /** Runs that are not over. */
  runs: few,
  /** Streams, WebSockets and waiting requests of one process. */
  streams: few,
  /** Bytes of one request. */
  body_bytes: z.number().int().min(MIN_BODY_BYTES).max(MAX_BODY_BYTES).nullable().default(null),
});
export const NO_KEY_LIMITS: KeyLimits = KeyLimitsBody.parse({});

const DAYS_AT_MOST = 3_650;
export const DEFAULT_KEY_DAYS = 90;

export const KeyBody = z.object({
  name: z.string().trim().min(1).max(200).default("key"),
  scopes: Scopes.default(["read", "write"]),
  limits: KeyLimitsBody.default(NO_KEY_LIMITS),
  /** Days; null: until it is revoked. */
  expires_in_days: z.number().positive().max(DAYS_AT_MOST).nullable().default(DEFAULT_KEY_DAYS),
  /** For somebody else; takes the role `admin`. */
  user: Account.optional(),
});

export const KeysQuery = z.object({ user: Account.optional() });
export const KeyPath = z.object({ key_id: Id });

export const KeyAnswer = z.object({
  id: z.string(),
  user: z.string(),
  name: z.string(),
  hint: z.string(),
  scopes: z.array(Scope),
  limits: z.object({
    requests_per_minute: z.number().nullable(),
    runs: z.number().nullable(),
    streams: z.number().nullable(),
    body_bytes: z.number().nullable(),
  }),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
});
export const NewKeyAnswer = KeyAnswer.extend({ key: z.string() });

export const MeAnswer = z.object({
  identity: z.string(),
  display_name: z.string(),
  role: Role.nullable(),
  scopes: z.array(Scope).nullable(),
  expires_at: z.string().nullable(),
});
