import type { Caller } from "./caller.ts";

/** A request that was refused for who asks: 401, 403, or a 404 that may hide what is somebody else's. */
export interface Denial {
  status: 401 | 403 | 404;
  /** Why, in words without a credential. */
  reason: string;
  method: string;
  /** Without the query. */
  path: string;
  /** The part of the request that was refused, where the whole was answered; null: all of it. */
  step: string | null;
  /** Ids that were asked for and stand neither in the path nor in the reason. */
  named: readonly string[];
  /** Null: nobody was let in. */
  caller: Caller | null;
  address: string;
  /** The request brought something that may be a credential. */
  presented: boolean;
}

export interface AccessDenials {
  /** Returns at once; what is over the limit, and what cannot be written down, is left out. */
  note(denial: Denial): void;
}
