import { AppError } from "#errors";
import type { AuthEvent, Judge } from "#ports/access.ts";
import type { ProjectRole, Rights, Scope } from "#ports/identity.ts";
import type { Caller } from "#ports/caller.ts";
import { rolesFrom } from "#protocol/project-shares.ts";

/** Everything that asks nothing to change. */
const READING = new Set<AuthEvent>([
  "threads:read",
  "threads:search",
  "assistants:read",
  "assistants:search",
  "crons:read",
  "crons:search",
  "store:get",
  "store:search",
  "store:list_namespaces",
]);

/** What an administrator does with everybody's things. To run somebody's thread is not among it: a run acts as who started it. */
const GOVERNED = new Set<AuthEvent>([
  "threads:read",
  "threads:search",
  "threads:update",
  "threads:delete",
  "assistants:read",
  "assistants:search",
  "assistants:update",
  "assistants:delete",
  "crons:read",
  "crons:search",
  "crons:update",
  "crons:delete",
]);

/**
 * The rules of the built-in identity. A scope that is missing forbids; a user has their own things; an administrator reads and governs
 * everybody's threads, assistants and crons. The store stays everybody's own.
 */
export function judgeByRights(rights: Rights): Judge {
  return async (event, value) => {
    requireScope(rights, scopeFor(event, value));
    return isAdmin(rights) && GOVERNED.has(event) ? { value, contains: {} } : null;
  };
}

/** An answer to a question is a decision, by whatever API it comes. */
function scopeFor(event: AuthEvent, value: Record<string, unknown>): Scope {
  if (READING.has(event)) return "read";
  return event === "threads:create_run" && isAnswer(value["kwargs"]) ? "approve" : "write";
}

function isAnswer(kwargs: unknown): boolean {
  if (typeof kwargs !== "object" || kwargs === null || !("command" in kwargs)) return false;
  const { command } = kwargs;
  return typeof command === "object" && command !== null && "resume" in command && command.resume !== undefined;
}

/**
 * To go past a question by hand is to answer it, so it takes the same scope. That nothing happens without a decision on record is settled
 * where the effect is; this says it to whoever tries. Somebody without rights of ours (no `AUTH`, a project's own) is not asked.
 * @throws AppError `forbidden`
 */
export function requireDeciding({ rights }: Caller): void {
  if (rights === undefined || rights.scopes.includes("approve")) return;
  throw new AppError(
    "forbidden",
    'A person is asked here. To go on past the question (as_node, goto) takes the scope "approve", as its answer does. Without it, edit without as_node: then it is asked about the edited state.',
    { details: { scope: "approve" } },
  );
}

/** @throws AppError `forbidden` */
export function requireScope(rights: Rights, scope: Scope): void {
  if (rights.scopes.includes(scope)) return;
  const has = rights.scopes.length === 0 ? "none" : rights.scopes.join(", ");
  throw new AppError("forbidden", `This takes the scope "${scope}". The credential has: ${has}.`, { details: { scope } });
}

export function isAdmin(rights: Rights): boolean {
  return rights.role === "admin" && rights.scopes.includes("admin");
}

/** The projects that are this caller's, or shared with them, as at least this role; of their own only those that were ever shared. */
export function projectsOf({ rights }: Caller, least: ProjectRole): string[] {
  const roles = rolesFrom(least);
  return [...(rights?.projects ?? [])].flatMap(([projectId, role]) => (roles.includes(role) ? [projectId] : []));
}

/** Whether everybody's approvals are within this caller's reach. */
export function decidesForAll({ rights }: Caller): boolean {
  return rights !== undefined && rights.role !== "user" && rights.scopes.includes("approve");
}
