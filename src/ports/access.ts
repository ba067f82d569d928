import type { JsonObject } from "#protocol/wire.ts";

/** What a call is about, in the words of LangGraph's custom auth: `resource:action`. */
export type AuthEvent =
  | "threads:create"
  | "threads:read"
  | "threads:update"
  | "threads:delete"
  | "threads:search"
  | "threads:create_run"
  | "assistants:create"
  | "assistants:read"
  | "assistants:update"
  | "assistants:delete"
  | "assistants:search"
  | "crons:create"
  | "crons:read"
  | "crons:update"
  | "crons:delete"
  | "crons:search"
  | "store:put"
  | "store:get"
  | "store:delete"
  | "store:search"
  | "store:list_namespaces";

/** What a rule said of one call. That it forbids is thrown. */
export interface Verdict {
  /** What was asked, as the rule changed it; nothing in it is checked yet. */
  value: Record<string, unknown>;
  /** Only resources whose metadata contain this (as jsonb containment); `{}`: all. */
  contains: JsonObject;
}

/**
 * Asks the rules of the project whether this caller may. Null: no rule is about this event.
 * @throws AuthRefusal in the rule's own words, AppError `forbidden`, or `internal` for a rule that is broken
 */
export type Judge = (event: AuthEvent, value: Record<string, unknown>) => Promise<Verdict | null>;

/** What one call may touch of the rows of a kind. */
export interface Access {
  /** Only this owner's. Null: a rule of the project decided, and whose a row is no longer matters. */
  owner: string | null;
  contains: JsonObject;
  /** Besides the owner's: threads that work on one of these projects, whoever started them. */
  projects?: readonly string[];
}

/** Whose rows: one owner's, or those that a call may touch. */
export type Reach = string | Access;

/** Who a caller is, as graphs see them in `langgraph_auth_user`. JSON. */
export interface CallerUser extends JsonObject {
  identity: string;
  display_name: string;
  is_authenticated: boolean;
  permissions: string[];
}
