import type { Caller } from "./caller.ts";

/** `approver` sees and decides everybody's approvals; `admin` also sees and governs everybody's things. */
export type Role = "user" | "approver" | "admin";

/** What a credential may be used for, within what its user may do. `admin`: to administer, and to make keys. */
export type Scope = "read" | "write" | "approve" | "admin";

/** What somebody may do with one project; each role includes those before it. */
export type ProjectRole = "viewer" | "approver" | "editor" | "owner";

export interface Rights {
  readonly role: Role;
  readonly scopes: readonly Scope[];
  /** By project: what is shared with them, and their own projects that others work on. Absent: none. */
  readonly projects?: ReadonlyMap<string, ProjectRole>;
}

export interface ProjectShare {
  user: string;
  role: Exclude<ProjectRole, "owner">;
  shared_by: string;
  shared_at: string;
}

/** How much one user may have at once; 0: as much as they like. */
export interface Limits {
  /** Runs that are not over, in all processes. */
  readonly runs: number;
  /** Streams, WebSockets and waiting requests, in one process. */
  readonly streams: number;
  /** Of the key that they came with, besides. */
  readonly key?: KeyLimits & { readonly id: string };
}

/** What one key may do at most, within what its user and this server may; null: nothing of its own. */
export interface KeyLimits {
  /** Changing requests. */
  readonly requests_per_minute: number | null;
  /** Runs that are not over, in all processes. */
  readonly runs: number | null;
  /** Streams, WebSockets and waiting requests, in one process. */
  readonly streams: number | null;
  /** Bytes of one request. */
  readonly body_bytes: number | null;
}

/** What this server allows anybody, and so a key at most; 0: anything, but for the bytes of a request. */
export type ServerLimits = Readonly<Record<keyof KeyLimits, number>>;

/** What let a caller in, as far as it can end while their request is still open. */
export interface Credential {
  /** Null: no API key. */
  readonly keyId: string | null;
  /** Null: never. */
  readonly expiresAt: Date | null;
  /** The role in the table of users when they were let in. */
  readonly givenRole: Role;
}

/** Looks after requests that are open for long. */
export interface IdentityWatch {
  /** Those of the callers who would not be let in any more, or with other rights. Throws when nobody can tell. */
  ended(callers: readonly Caller[]): Promise<ReadonlySet<Caller>>;
}

export interface ApiKey {
  id: string;
  user: string;
  name: string;
  /** Its first characters. */
  hint: string;
  scopes: Scope[];
  limits: KeyLimits;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** To the minute. */
  last_used_at: string | null;
}

/** Keys of the caller; an admin may name another `user`. Takes the scope `admin`. */
export interface KeysService {
  /** The only time that `key` is told. No scope that the caller does not have, and neither for longer nor for more than the caller's own key. */
  create(
    caller: Caller,
    input: { name: string; scopes: Scope[]; limits: KeyLimits; expires_in_days: number | null; user?: string | undefined },
  ): Promise<ApiKey & { key: string }>;
  list(caller: Caller, input: { user?: string | undefined }): Promise<ApiKey[]>;
  /** From the next request on; open streams end within seconds. `not_found` for somebody else's. */
  revoke(caller: Caller, keyId: string): Promise<void>;
}
