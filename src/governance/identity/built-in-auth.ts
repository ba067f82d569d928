/**
 * Who asks, under `AUTH`: a token, a key, or a trusted back end that acts for somebody. Whoever is let in for the first time gets an account.
 *
 * Roles come from the account and, for as long as a token is used, from its `roles`; the higher one counts. Nothing is kept between requests,
 * so what is revoked, disabled or given counts from the next request on; requests that are open are looked after by the watch.
 */
import type { IncomingMessage } from "node:http";
import type { Database } from "#db/client.ts";
import { findApiKey, type PresentedKey } from "#db/queries/find-api-key.ts";
import { findUser } from "#db/queries/find-user.ts";
import { noteKeyUse } from "#db/queries/note-key-use.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import { standingOfCallers } from "#db/queries/standing-of-callers.ts";
import { AppError, isAppError } from "#errors";
import type { Log } from "#log";
import type { CallerUser, Judge } from "#ports/access.ts";
import type { BuiltInAuth } from "#ports/authentication.ts";
import type { Credential, Limits, ProjectRole, Role, Scope, ServerLimits } from "#ports/identity.ts";
import type { RateLimiter } from "#ports/rate-limiter.ts";
import type { Caller } from "#ports/caller.ts";
import { Account, NO_KEY_LIMITS, SCOPES, SERVICE_IDENTITY } from "#protocol/identity.ts";
import { isLoopbackAddress } from "#protocol/loopback-address.ts";
import { rolesFrom } from "#protocol/project-shares.ts";
import { noteVisit } from "./accounts.ts";
import { makeApiKeys } from "./api-keys.ts";
import { digestOfKey } from "./api-key.ts";
import { credentialsOf, isSameSecret, type Presented } from "./credentials.ts";
import { tokenVerifier, type TokenSettings } from "./json-web-tokens.ts";
import { judgeByRights } from "./rights.ts";

type Kind = Presented["kind"] | "unreadable";

export interface BuiltInAuthOptions {
  database: Database;
  log: Log;
  /** Null: tokens are not in use. */
  tokens: TokenSettings | null;
  apiKeys: boolean;
  serviceKey: string | null;
  /** Holds back addresses that keep failing. */
  failures: RateLimiter;
  limits: ServerLimits;
}

const KEY_ADVICE = "Bring a token in Authorization: Bearer, or a key in x-api-key.";
const RANK: Record<Role, number> = { user: 0, approver: 1, admin: 2 };

/** Lets callers in, keeps an eye on those that are in, and judges for who is not here to ask. */
export function makeBuiltInAuth(options: BuiltInAuthOptions): BuiltInAuth {
  const { sql } = options.database;
  const { runs, streams } = options.limits;
  const perUser: Limits = { runs, streams };
  const verify = options.tokens === null ? null : tokenVerifier(options.tokens);

  async function callerOf(presented: Presented): Promise<Caller> {
    if (presented.kind === "jwt") return fromToken(presented.token);
    return presented.kind === "api-key" ? fromKey(presented.key) : fromService(presented);
  }

  async function fromToken(token: string): Promise<Caller> {
    if (verify === null) throw new AppError("unauthorized", "Tokens are not accepted here; bring a key in x-api-key.");
    const { identity, displayName, email, role, scopes, expiresAt } = await verify(token);
    const account = await accountOf(identity, displayName);
    return makeCaller({
      identity,
      displayName,
      auth: "jwt",
      role: higher(role, account.role),
      scopes,
      projects: account.projects,
      credential: { keyId: null, expiresAt, givenRole: account.role },
      more: email === null ? {} : { email },
    });
  }

  async function fromKey(text: string): Promise<Caller> {
    if (!options.apiKeys) throw new AppError("unauthorized", "Keys are not accepted here; bring a token in Authorization: Bearer.");
    const digest = digestOfKey(text);
    const key = digest === null ? null : await findApiKey(sql, { digest });
    if (key === null) throw new AppError("unauthorized", "This is no key of this server.");
    refuseEndedKey(key);
    if (key.use_is_old) noteKeyUse(sql, key.id).catch((error: unknown) => options.log.warn({ err: error, key_id: key.id }, "the use of a key was not noted"));
    const caller = makeCaller({
      identity: key.owner,
      displayName: key.display_name,
      auth: "api-key",
      role: key.role,
      scopes: scopesOf(key.scopes),
      projects: key.projects,
      credential: { keyId: key.id, expiresAt: key.expires_at, givenRole: key.role },
      more: { key_id: key.id },
    });
    return key.limits === null ? caller : { ...caller, limits: { ...perUser, key: { ...NO_KEY_LIMITS, ...key.limits, id: key.id } } };
  }

  async function fromService({ key, onBehalfOf }: { key: string; onBehalfOf: string | null }): Promise<Caller> {
    if (options.serviceKey === null || !isSameSecret(key, options.serviceKey)) throw new AppError("unauthorized", "This is not the service key.");
    const known = { auth: "service" as const, scopes: [...SCOPES], more: {} };
    if (onBehalfOf === null) {
      const credential: Credential = { keyId: null, expiresAt: null, givenRole: "admin" };
      return makeCaller({ ...known, identity: SERVICE_IDENTITY, displayName: SERVICE_IDENTITY, role: "admin", projects: {}, credential });
    }
    const identity = Account.safeParse(onBehalfOf);
    if (!identity.success) throw new AppError("invalid_request", "x-on-behalf-of names nobody who can have an account.");
    const account = await accountOf(identity.data, null);
    const credential: Credential = { keyId: null, expiresAt: null, givenRole: account.role };
    const { display_name: displayName, role, projects } = account;
    return makeCaller({ ...known, identity: identity.data, displayName, role, projects, credential });
  }

  async function accountOf(identity: string, displayName: string | null) {
    const found = await findUser(sql, identity);
    const isCurrent = found !== null && found.seen_lately && (displayName === null || found.display_name === displayName);
    const account = isCurrent ? found : await noteVisit(sql, { identity, displayName: displayName ?? found?.display_name ?? identity });
    if (account.disabled_at !== null) throw new AppError("unauthorized", "This account is disabled.");
    return account;
  }

  /** Tells of a credential that was refused. @throws AppError `rate_limited` for an address that keeps trying */
  async function refuse(request: IncomingMessage, kind: Kind, error: AppError): Promise<void> {
    // without an address it is a client inside of this process
    const address = request.socket.remoteAddress ?? "127.0.0.1";
    const { allowed, retryAfterMs } = await options.failures.take(`login:${address}`);
    // what is over the limit fills neither the log nor the table
    if (allowed) {
      const { message: reason } = error;
      options.log.warn({ kind, address, reason }, "a credential was refused");
      await recordEvent(sql, { type: "login.failed", owner: null, actor: null, data: { reason, kind, address } });
    }
    // a proxy on this machine stands for everybody
    if (allowed || isLoopbackAddress(address)) return;
    const seconds = Math.ceil(retryAfterMs / 1_000);
    throw new AppError("rate_limited", `Too many refused credentials from this address. Come back in ${seconds} s.`, {
      details: { retry_after_seconds: seconds },
    });
  }

  return {
    keys: options.apiKeys ? makeApiKeys(sql, options.limits) : null,
    async identify(request) {
      let kind: Kind = "unreadable";
      try {
        const presented = credentialsOf(request.headers);
        if (presented === null) throw new NothingPresented("unauthorized", KEY_ADVICE);
        kind = presented.kind;
        return { limits: perUser, ...(await callerOf(presented)) };
      } catch (error) {
        if (isAppError(error) && error.code === "unauthorized" && !(error instanceof NothingPresented)) await refuse(request, kind, error);
        throw error;
      }
    },
    judgeOf: (user) => judgeAsNow(user),
    watch: {
      async ended(callers) {
        const now = Date.now();
        const watched = callers.filter((caller) => caller.credential !== undefined);
        const { goodKeys, roles, projects } = await standingOfCallers(sql, {
          keyIds: watched.flatMap(({ credential }) => credential?.keyId ?? []),
          identities: watched.map(({ owner }) => owner),
        });
        const holds = ({ owner, credential, rights }: Caller): boolean => {
          if (credential === undefined) return true;
          if (rights?.projects !== undefined && hasLost(rights.projects, projects.get(owner))) return false;
          const { keyId, expiresAt, givenRole } = credential;
          if (expiresAt !== null && expiresAt.getTime() <= now) return false;
          if (keyId !== null && !goodKeys.has(keyId)) return false;
          return owner === SERVICE_IDENTITY || roles.get(owner) === givenRole;
        };
        return new Set(watched.filter((caller) => !holds(caller)));
      },
    },
  };

  /** The rights of somebody who is not here, as they are when they are asked for. */
  function judgeAsNow(user: CallerUser): Judge {
    return async (event, value) => judgeByRights(await rightsNow(user))(event, value);
  }

  async function rightsNow(user: CallerUser) {
    if (user.identity === SERVICE_IDENTITY) return { role: "admin" as const, scopes: [...SCOPES] };
    const account = await findUser(sql, user.identity);
    if (account === null || account.disabled_at !== null) throw new AppError("forbidden", "The account of its maker is disabled.");
    const keyId = user["key_id"];
    if (typeof keyId === "string") {
      const key = await findApiKey(sql, { id: keyId });
      if (key === null || key.revoked_at !== null) throw new AppError("forbidden", "The key that it was made with is revoked.");
      if (key.expired) throw new AppError("forbidden", "The key that it was made with has expired.");
    }
    return { role: account.role, scopes: scopesOf(user.permissions), projects: new Map(Object.entries(account.projects)) };
  }
}

/** Nothing was tried, so nothing failed. */
class NothingPresented extends AppError {}

function refuseEndedKey(key: PresentedKey): void {
  if (key.revoked_at !== null) throw new AppError("unauthorized", "This key is revoked.");
  if (key.expired) throw new AppError("unauthorized", "This key has expired.");
  if (key.disabled) throw new AppError("unauthorized", "This account is disabled.");
}

/** Whether anything that was within reach when somebody was let in is not any more. What is new is no reason to end anything. */
function hasLost(had: ReadonlyMap<string, ProjectRole>, has: Readonly<Record<string, ProjectRole>> = {}): boolean {
  return [...had].some(([projectId, role]) => {
    const now = has[projectId];
    return now === undefined || !rolesFrom(role).includes(now);
  });
}

function makeCaller(facts: {
  identity: string;
  displayName: string;
  auth: Presented["kind"];
  role: Role;
  scopes: Scope[];
  projects: Readonly<Record<string, ProjectRole>>;
  credential: Credential;
  more: Record<string, unknown>;
}): Caller {
  const { identity, displayName, auth, role, scopes, projects, credential, more } = facts;
  const rights = { role, scopes, projects: new Map(Object.entries(projects)) };
  const user: CallerUser = { ...more, identity, display_name: displayName, is_authenticated: true, permissions: [...scopes], role, auth };
  return { owner: identity, user, judge: judgeByRights(rights), rights, credential };
}

function scopesOf(words: readonly string[]): Scope[] {
  return SCOPES.filter((scope) => words.includes(scope));
}

function higher(one: Role, other: Role): Role {
  return RANK[one] >= RANK[other] ? one : other;
}
