import type postgres from "postgres";
import { addUser } from "#db/queries/add-user.ts";
import { adoptThings } from "#db/queries/adopt-things.ts";
import { changeUser } from "#db/queries/change-user.ts";
import { recordEvent } from "#db/queries/record-event.ts";
import { seeUser } from "#db/queries/see-user.ts";
import type { Sql } from "#db/queries/sql.ts";
import type { UserWithProjects } from "#db/queries/user-row.ts";
import { AppError } from "#errors";
import type { Role } from "#ports/identity.ts";

/** An account for somebody who has none yet. */
export async function openAccount(sql: Sql, identity: string, actor: string): Promise<void> {
  if (await addUser(sql, identity)) await recordEvent(sql, { type: "user.created", owner: identity, actor, data: { user: identity, role: "user" } });
}

/** Somebody who was let in: an account on first sight, and their name as they say it now. */
export function noteVisit(sql: postgres.Sql, { identity, displayName }: { identity: string; displayName: string }): Promise<UserWithProjects> {
  return sql.begin(async (transaction) => {
    const { is_new: isNew, ...user } = await seeUser(transaction, { identity, displayName });
    if (isNew) await recordEvent(transaction, { type: "user.created", owner: identity, actor: identity, data: { user: identity, role: user.role } });
    return user;
  });
}

/** @throws AppError `not_found` */
export function changeAccount(sql: postgres.Sql, identity: string, change: { role: Role } | { disabled: boolean }, actor: string): Promise<void> {
  return sql.begin(async (transaction) => {
    // a role can be waiting for somebody who comes for the first time
    if ("role" in change) await openAccount(transaction, identity, actor);
    if (!(await changeUser(transaction, identity, change))) throw new AppError("not_found", `There is no user "${identity}". See: slipway users list`);
    await recordEvent(transaction, { type: "user.changed", owner: identity, actor, data: { user: identity, ...change } });
  });
}

/** Hands over everything of one owner, and says how much of what. @throws AppError `conflict` while it is at work */
export function handOver(sql: postgres.Sql, { from, to, actor }: { from: string; to: string; actor: string }): Promise<Record<string, number>> {
  return sql.begin(async (transaction) => {
    await openAccount(transaction, to, actor);
    const counts = await adoptThings(transaction, { from, to });
    await recordEvent(transaction, { type: "things.adopted", owner: to, actor, data: { from, user: to, rows: counts } });
    return counts;
  });
}
