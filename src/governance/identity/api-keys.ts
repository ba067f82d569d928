import { randomBytes, randomUUID } from "node:crypto";
import type postgres from "postgres";
import type { ApiKeyRow } from "#db/queries/api-key-row.ts";
import { insertApiKey } from "#db/queries/insert-api-key.ts";
import { listApiKeys } from "#db/queries/list-api-keys.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import { revokeApiKey } from "#db/queries/revoke-api-key.ts";
import { AppError } from "#errors";
import type { ApiKey, KeyLimits, KeysService, Rights, Scope, ServerLimits } from "#ports/identity.ts";
import type { Caller } from "#ports/caller.ts";
import { NO_KEY_LIMITS, SCOPES } from "#protocol/identity.ts";
import { openAccount } from "./accounts.ts";
import { digestOfKey, hintOf, makeApiKey } from "./api-key.ts";
import { isAdmin, requireScope } from "./rights.ts";

export interface KeyOrder {
  owner: string;
  name: string;
  scopes: readonly Scope[];
  limits?: KeyLimits;
  expiresInDays: number | null;
  notAfter: Date | null;
  createdBy: string;
}

/** Makes a key, and an account for its user when there is none. The key is answered here and never again. */
export function createApiKey(sql: postgres.Sql, order: KeyOrder): Promise<ApiKey & { key: string }> {
  const key = makeApiKey(randomBytes(32));
  const digest = digestOfKey(key);
  if (digest === null) throw new Error("a key that was made here is none");
  return sql.begin(async (transaction) => {
    await openAccount(transaction, order.owner, order.createdBy);
    const made = wireKey(await insertApiKey(transaction, { limits: NO_KEY_LIMITS, ...order, id: randomUUID(), digest, hint: hintOf(key) }));
    const { id: key_id, user, scopes, limits, expires_at } = made;
    await recordEvent(transaction, {
      type: "key.created",
      owner: user,
      actor: order.createdBy,
      data: { key_id, user, scopes, limits: { ...limits }, expires_at },
    });
    return { ...made, key };
  });
}

/** From the next request on. @throws AppError `not_found`; `owner` null: anybody's */
export function revokeKey(sql: postgres.Sql, { id, owner, actor }: { id: string; owner: string | null; actor: string }): Promise<void> {
  return sql.begin(async (transaction) => {
    const revoked = await revokeApiKey(transaction, { id, owner });
    if (revoked === null) throw new AppError("not_found", "There is no such key.");
    const { owner: user } = revoked;
    if (revoked.was_good) await recordEvent(transaction, { type: "key.revoked", owner: user, actor, data: { key_id: id, user } });
  });
}

/** The limits that a key may have: what is asked for, within the server's and those of the key that makes it. @throws AppError `invalid_request` */
export function limitsWithin(asked: KeyLimits, server: ServerLimits, maker: KeyLimits = NO_KEY_LIMITS): KeyLimits {
  const names = Object.keys(asked) as (keyof KeyLimits)[];
  const within = names.map((name): [string, number | null] => {
    const most = Math.min(maker[name] ?? Infinity, server[name] === 0 ? Infinity : server[name]);
    const wanted = asked[name] ?? maker[name];
    if (wanted !== null && wanted > most) throw new AppError("invalid_request", `limits.${name} may be ${most} at most.`, { details: { name, most } });
    return [name, wanted];
  });
  return { ...NO_KEY_LIMITS, ...Object.fromEntries(within) };
}

/** A key as clients see it: everything but the key. */
export function wireKey(row: ApiKeyRow): ApiKey {
  const { owner, scopes, limits, created_at, expires_at, revoked_at, last_used_at, ...rest } = row;
  const iso = (time: Date | null) => time?.toISOString() ?? null;
  return {
    ...rest,
    user: owner,
    scopes: SCOPES.filter((scope) => scopes.includes(scope)),
    limits: { ...NO_KEY_LIMITS, ...limits },
    created_at: created_at.toISOString(),
    expires_at: iso(expires_at),
    revoked_at: iso(revoked_at),
    last_used_at: iso(last_used_at),
  };
}

/** The keys of the HTTP API. */
export function makeApiKeys(sql: postgres.Sql, server: ServerLimits): KeysService {
  return {
    async create(caller, { name, scopes, limits, expires_in_days, user }) {
      const rights = mustAdminister(caller, user);
      for (const scope of scopes) requireScope(rights, scope);
      const { keyId, expiresAt } = caller.credential ?? { keyId: null, expiresAt: null };
      return createApiKey(sql, {
        owner: user ?? caller.owner,
        name,
        scopes,
        limits: limitsWithin(limits, server, caller.limits?.key),
        expiresInDays: expires_in_days,
        // a key that ends leaves none behind that do not; a token says for how long somebody is logged in, and no more
        notAfter: keyId === null ? null : expiresAt,
        createdBy: caller.owner,
      });
    },
    async list(caller, { user }) {
      mustAdminister(caller, user);
      return (await listApiKeys(sql, user ?? caller.owner)).map(wireKey);
    },
    async revoke(caller, keyId) {
      const rights = mustAdminister(caller, undefined);
      await revokeKey(sql, { id: keyId, owner: isAdmin(rights) ? null : caller.owner, actor: caller.owner });
    },
  };
}

function mustAdminister({ rights, owner }: Caller, user: string | undefined): Rights {
  if (rights === undefined) throw new AppError("forbidden", "Keys are made by who has an account.");
  requireScope(rights, "admin");
  if (user !== undefined && user !== owner && !isAdmin(rights)) throw new AppError("forbidden", "Keys of somebody else take the role admin.");
  return rights;
}
