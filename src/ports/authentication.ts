import type { IncomingMessage } from "node:http";
import type { CallerUser, Judge } from "./access.ts";
import type { IdentityWatch, KeysService } from "./identity.ts";
import type { Caller } from "./caller.ts";

/**
 * Says who asks, from the headers and the address of a request alone, before anything of it is read.
 * @throws AuthRefusal or AppError `unauthorized` for a request without an acceptable identity
 */
export type Identify = (request: IncomingMessage) => Promise<Caller>;

/** Authentication and rules that a project brings itself: `auth` of its langgraph.json. */
export interface ProjectAuth {
  /** @throws AuthRefusal in the project's words, AppError `internal` when its code is broken. */
  authenticate(request: Request): Promise<Caller>;
  /** A page of LangGraph Studio: identified by the server, judged by the project's rules. Null: not wanted (`disable_studio_auth`). */
  readonly studio: Caller | null;
  /** The rules for somebody who was let in before and is not there now: the maker of a cron whose run is due. */
  judgeOf(user: CallerUser): Judge;
  /** Rules are about every use of the store, so that all callers and all graphs share one. */
  readonly sharesStore: boolean;
}

/** What `AUTH` names: tokens, keys, and the key of trusted back ends. */
export interface BuiltInAuth {
  identify: Identify;
  watch: IdentityWatch;
  /** The rights of somebody as they are now, who was let in before: the maker of a cron whose run is due. */
  judgeOf(user: CallerUser): Judge;
  /** Null: keys are not in use. */
  readonly keys: KeysService | null;
}
