import { AppError } from "#errors";
import type { Caller } from "#ports/caller.ts";
import { isAdmin } from "./identity/rights.ts";

/**
 * For what concerns everybody. Without authentication the one person there is may do everything; behind ours only administrators; behind a
 * project's own, who has the permission `admin`.
 * @throws AppError `forbidden`
 */
export function mustAdminister(caller: Caller): void {
  if (caller.rights === undefined ? caller.user === undefined || caller.user.permissions.includes("admin") : isAdmin(caller.rights)) return;
  throw new AppError("forbidden", "Only administrators may do this.");
}
