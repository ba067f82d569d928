import { isDeepStrictEqual } from "node:util";
import { AppError } from "#errors";
import type { Access, AuthEvent, Reach } from "#ports/access.ts";
import type { Caller } from "#ports/caller.ts";
import { projectsOf } from "./identity/rights.ts";

/**
 * Asks whether a caller may do something, before it is done. Default deny (docs/decisions/0012): only the caller's own rows are within
 * reach, unless a rule of the project is about this event; then its verdict alone decides.
 *
 * @param value what is asked; the rule gets a copy that it may change, and the copy is answered
 * @throws AuthRefusal, AppError `forbidden`
 */
export async function permit(caller: Caller, event: AuthEvent, value: Record<string, unknown>): Promise<{ access: Access; value: Record<string, unknown> }> {
  if (caller.judge === undefined) return { access: { owner: caller.owner, contains: {} }, value };
  const verdict = await caller.judge(event, structuredClone(value));
  if (verdict === null) return { access: withProjects({ owner: caller.owner, contains: {} }, SEEN.has(event) ? projectsOf(caller, "viewer") : []), value };
  return { access: { owner: null, contains: verdict.contains }, value: verdict.value };
}

/** What a project that is shared lets everybody see of the work on it. */
const SEEN = new Set<AuthEvent>(["threads:read", "threads:search"]);

/** An owner's access, and the work on these projects. Where a rule decided, its verdict alone counts. */
export function withProjects(access: Access, projects: readonly string[]): Access {
  return access.owner === null || projects.length === 0 ? access : { ...access, projects };
}

/** Within reach of whatever was let in before: what a request goes on doing after it was judged. */
export const JUDGED: Access = Object.freeze({ owner: null, contains: Object.freeze({}) });

/** Whether a row that is at hand already, and locked, is within reach; in SQL it is `db/queries/reach.ts`. */
export function isWithin(reach: Reach, row: { owner: string | null; metadata: Record<string, unknown>; project_id: string | null }): boolean {
  const { owner, contains, projects = [] }: Access = typeof reach === "string" ? { owner: reach, contains: {} } : reach;
  if (row.project_id !== null && projects.includes(row.project_id)) return true;
  return (owner === null || row.owner === null || row.owner === owner) && hasAll(row.metadata, contains);
}

/** jsonb's `@>` for what a filter can be: values, and lists of values. */
export function hasAll(metadata: Record<string, unknown>, contains: Record<string, unknown>): boolean {
  return Object.entries(contains).every(([key, wanted]) => {
    if (!Object.hasOwn(metadata, key)) return false;
    const found = metadata[key];
    if (!Array.isArray(wanted)) return isDeepStrictEqual(found, wanted);
    return Array.isArray(found) && wanted.every((one) => found.includes(one));
  });
}

/** Metadata as a rule left it. */
export function metadataOf(value: Record<string, unknown>): Record<string, unknown> {
  const { metadata } = value;
  if (metadata === undefined || metadata === null) return {};
  if (typeof metadata !== "object" || Array.isArray(metadata))
    throw new AppError("internal", "A rule of the project's auth made the metadata something else than an object.");
  return { ...metadata };
}
