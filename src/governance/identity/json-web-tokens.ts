/**
 * JSON Web Tokens. One kind of key allows one kind of algorithm: a shared secret HS256, the keys of an issuer asymmetric ones. So a public key
 * can never pass as a secret, and `none` never at all.
 */
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { AppError, isAppError } from "#errors";
import type { Role, Scope } from "#ports/identity.ts";
import { Account, SCOPES } from "#protocol/identity.ts";

export interface TokenSettings {
  /** HS256, at least 32 bytes. */
  secret?: string | undefined;
  /** Instead of a secret: where the issuer's public keys are. */
  jwksUrl?: string | undefined;
  issuer?: string | undefined;
  audience?: string | undefined;
  /** Milliseconds between two looks at the issuer's keys for one that is unknown; 30,000 unless told. */
  cooldownMs?: number;
}

export interface TokenClaims {
  identity: string;
  displayName: string;
  email: string | null;
  role: Role;
  scopes: Scope[];
  /** Tolerance included. */
  expiresAt: Date;
}

export type VerifyToken = (token: string) => Promise<TokenClaims>;

/** Clocks of issuers differ. */
const TOLERANCE_SECONDS = 30;
const ISSUERS_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
const FETCH_MS = 5_000;
const FAILED_FETCH_PAUSE_MS = 5_000;
const MAX_KEYS_BYTES = 512 * 1024;

/** @throws the answered function: AppError `unauthorized` for a token that is no good, `identity_unavailable` when the issuer's keys cannot be had */
export function tokenVerifier(settings: TokenSettings): VerifyToken {
  const { issuer, audience } = settings;
  const { key, algorithms } = keyOf(settings);
  const options = {
    algorithms,
    clockTolerance: TOLERANCE_SECONDS,
    requiredClaims: ["sub", "exp"],
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  return async (token) => {
    try {
      return claimsOf((await jwtVerify(token, key, options)).payload);
    } catch (error) {
      throw refusalOf(error);
    }
  };
}

function keyOf({ secret, jwksUrl, cooldownMs }: TokenSettings): { key: JWTVerifyGetKey; algorithms: string[] } {
  if (secret !== undefined) {
    const bytes = new TextEncoder().encode(secret);
    return { key: async () => bytes, algorithms: ["HS256"] };
  }
  if (jwksUrl === undefined) throw new AppError("invalid_config", "Tokens take JWT_SECRET or JWKS_URL.");
  const key = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: FETCH_MS,
    ...(cooldownMs === undefined ? {} : { cooldownDuration: cooldownMs }),
    [customFetch]: carefulFetch(),
  });
  return { key: (header, token) => key(header, token).catch(failedLookup), algorithms: ISSUERS_ALGORITHMS };
}

/** A key that the issuer does not have is the token's fault, all else the issuer's. */
function failedLookup(error: unknown): never {
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
  throw new AppError("identity_unavailable", "The keys of the tokens' issuer cannot be had at the moment.", { cause: error });
}

/** Follows no redirect, reads no more than keys can be, and leaves an issuer that is down alone for a moment, whatever strangers send. */
function carefulFetch(): (url: string, init: RequestInit) => Promise<Response> {
  let pausedUntil = 0;
  return async (url, init) => {
    if (performance.now() < pausedUntil) throw new Error("the issuer's keys could not be had a moment ago");
    try {
      const answer = await fetch(url, { ...init, redirect: "error" });
      if (answer.status !== 200) throw new Error(`the issuer answered ${answer.status}`);
      return new Response(await readAtMost(answer, MAX_KEYS_BYTES), { status: 200, headers: answer.headers });
    } catch (error) {
      pausedUntil = performance.now() + FAILED_FETCH_PAUSE_MS;
      throw error;
    }
  };
}

async function readAtMost(answer: Response, bytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let read = 0;
  for await (const part of answer.body ?? []) {
    read += part.length;
    if (read > bytes) throw new Error(`the issuer's keys are larger than ${bytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

const Words = z.union([z.string().transform((text) => text.split(/[\s,]+/)), z.array(z.string())]).transform((words) => words.filter((word) => word !== ""));

const Claims = z.looseObject({
  sub: Account,
  exp: z.number(),
  name: z.string().max(512).nullish().catch(null),
  preferred_username: z.string().max(512).nullish().catch(null),
  email: z.string().max(512).nullish().catch(null),
  roles: Words.nullish(),
  scopes: Words.nullish(),
  scope: Words.nullish(),
});

function claimsOf(payload: JWTPayload): TokenClaims {
  const read = Claims.safeParse(payload);
  if (!read.success) throw new AppError("unauthorized", `The token's claims cannot be used: ${z.prettifyError(read.error)}`);
  const { sub, exp, name, preferred_username: username, email, roles, scopes, scope } = read.data;
  return {
    identity: sub,
    displayName: name ?? username ?? email ?? sub,
    email: email ?? null,
    role: (["admin", "approver"] as const).find((role) => roles?.includes(role)) ?? "user",
    scopes: scopesOf(scopes ?? null, scope ?? null),
    expiresAt: new Date((exp + TOLERANCE_SECONDS) * 1_000),
  };
}

/** `scopes` are ours. `scope` is OAuth's, where `openid` and its like say nothing about us: only what begins with `slipway:` does. Neither: all. */
function scopesOf(ours: string[] | null, oauth: string[] | null): Scope[] {
  const named = (oauth ?? []).filter((word) => word.startsWith("slipway:")).map((word) => word.slice("slipway:".length));
  const given = ours ?? (named.length > 0 ? named : null);
  return given === null ? [...SCOPES] : SCOPES.filter((scope) => given.includes(scope));
}

function refusalOf(error: unknown): AppError {
  if (isAppError(error)) return error;
  if (error instanceof errors.JWTExpired) return new AppError("unauthorized", "The token has expired.");
  if (error instanceof errors.JWTClaimValidationFailed) return new AppError("unauthorized", `The token's claim "${error.claim}" is not what it must be.`);
  return new AppError("unauthorized", "The token is none that this server accepts.", { cause: error });
}
