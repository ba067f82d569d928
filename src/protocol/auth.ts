import { z } from "zod";
import { AppError, type ErrorCode } from "#errors";

/** Told to clients when a rule forbids without words of its own. */
export const NOT_AUTHORIZED = "Not authorized";

const CONTROL = /\p{Cc}/u;

/** Names with a meaning of their own here: the owner of a server without authentication, a wildcard, the space that all share. */
const RESERVED_IDENTITIES = new Set(["local", "*", "everybody"]);

/** Owner of everything that this person makes, and the first label of their part of the store. */
export const Identity = z
  .string()
  .min(1)
  .max(512)
  .refine((text) => text.isWellFormed() && !CONTROL.test(text), "holds characters that a name cannot have")
  .refine((text) => !RESERVED_IDENTITIES.has(text), "is a name with a meaning of its own here");

/** What `authenticate` of a custom auth may answer: a name, or a user with whatever else its graphs want to know. */
export const AuthenticatedUser = z.union([
  Identity.transform((identity) => ({ identity, display_name: identity, is_authenticated: true, permissions: [] as string[] })),
  z
    .looseObject({
      identity: Identity,
      display_name: z.string().nullish(),
      is_authenticated: z.boolean().nullish(),
      permissions: z.array(z.string()).nullish(),
    })
    .transform((user) => ({
      ...user,
      display_name: user.display_name ?? user.identity,
      is_authenticated: user.is_authenticated ?? true,
      permissions: user.permissions ?? [],
    })),
]);
export type AuthenticatedUser = z.infer<typeof AuthenticatedUser>;

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const Operators = z.strictObject({ $eq: Scalar.optional(), $contains: z.union([Scalar, z.array(Scalar)]).optional() });

/**
 * A filter that a rule answered, as the one document that metadata must contain: `{k: v}` and `{k: {$eq: v}}` are the value itself,
 * `{k: {$contains: v}}` a list that holds it (or all of a list). A value that is not there (the rule read a field that its user does not
 * have) and an operator that does not exist throw: taken lightly, either would let everybody in.
 */
export const AuthFilter = z.record(z.string(), z.union([Scalar, Operators])).transform((filter, context) => {
  const contains: Record<string, unknown> = {};
  for (const [key, condition] of Object.entries(filter)) {
    const wanted = wantedOf(condition);
    if (wanted === undefined) context.addIssue({ code: "custom", path: [key], message: "needs a value under exactly one of $eq and $contains" });
    else Object.defineProperty(contains, key, { value: wanted, enumerable: true });
  }
  return contains;
});

function wantedOf(condition: z.infer<typeof Scalar> | z.infer<typeof Operators>): unknown {
  if (typeof condition !== "object" || condition === null) return condition;
  const { $eq, $contains } = condition;
  if (($eq === undefined) === ($contains === undefined)) return undefined;
  if ($contains === undefined) return $eq;
  return Array.isArray($contains) ? $contains : [$contains];
}

/** A refusal in the words, the status and the headers that a project's own auth chose (its `HTTPException`). */
export class AuthRefusal extends AppError {
  /** 400 to 599. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}, cause?: unknown) {
    super(codeOf(status), message, cause === undefined ? {} : { cause });
    this.status = status;
    this.headers = headers;
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 401) return "unauthorized";
  if (status === 404) return "not_found";
  if (status === 409) return "conflict";
  return status >= 500 ? "internal" : "forbidden";
}
