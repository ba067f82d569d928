import type { CallerUser, Judge } from "./access.ts";
import type { Credential, Limits, Rights } from "./identity.ts";

/** Who asks, as every service is told. */
export interface Caller {
  /** Owner of what is made, and of what is seen unless a rule decides: the identity; `local` under AUTH=none. */
  readonly owner: string;
  /** What graphs are told about the caller, JSON. Absent: the owner's name is all there is. */
  readonly user?: CallerUser;
  /** The rules of the project, asked before anything is done. Absent: there are none, and an owner has their own things. */
  readonly judge?: Judge;
  /** Under `AUTH`: what the caller may do at most. Absent: nothing is held back but what is somebody else's. */
  readonly rights?: Rights;
  /** Under `AUTH`: what can end while a request is open. */
  readonly credential?: Credential;
  /** Under `AUTH`. Absent: none. */
  readonly limits?: Limits;
}
