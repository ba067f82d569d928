/** Accounts and keys, from the machine that has the database: whoever may run this is trusted with everything. */
import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { readConfig } from "#config";
import type { Database } from "#db/client.ts";
import { listApiKeys } from "#db/queries/list-api-keys.ts";
import { listUsers } from "#db/queries/list-users.ts";
import { AppError } from "#errors";
import { changeAccount, handOver } from "#governance/identity/accounts.ts";
import { createApiKey, revokeKey, wireKey } from "#governance/identity/api-keys.ts";
import { createLog } from "#log";
import type { Scope } from "#ports/identity.ts";
import { Account, DEFAULT_KEY_DAYS, Role as RoleSchema, Scopes } from "#protocol/identity.ts";
import { openConfiguredDatabase } from "../start/open-database.ts";

/** Whose everything is without authentication. */
const NOBODY_IN_PARTICULAR = "local";
/** In the log of events. */
const ACTOR = "cli";
const DAYS: Record<string, number> = { h: 1 / 24, d: 1, w: 7 };
const MAX_DAYS = 3_650;

export function addIdentityCommands(program: Command): void {
  const keys = program.command("keys").description("API keys, for AUTH=api-key");

  keys
    .command("create")
    .description("make a key; it is shown once")
    .requiredOption("--user <name>", "who the key acts as", account)
    .option("--name <text>", "what it is for", "key")
    .option("--scopes <list>", "of read, write, approve, admin", scopes, ["read", "write"] as Scope[])
    .option("--expires <time>", "such as 12h, 90d, 8w; or never", days, DEFAULT_KEY_DAYS)
    .action((options: { user: string; name: string; scopes: Scope[]; expires: number | null }) =>
      withDatabase(async ({ sql }) => {
        const made = await createApiKey(sql, {
          owner: options.user,
          name: options.name,
          scopes: options.scopes,
          expiresInDays: options.expires,
          notAfter: null,
          createdBy: ACTOR,
        });
        console.log(made.key);
        // so that the key alone can be piped on
        console.error(
          `${made.id} of ${made.user}: ${made.scopes.join(", ")}; ${made.expires_at === null ? "for ever" : `until ${made.expires_at}`}. It is not shown again.`,
        );
      }),
    );

  keys
    .command("list")
    .description("all keys, or those of one user; never the keys themselves")
    .option("--user <name>", "whose", account)
    .action((options: { user?: string }) =>
      withDatabase(async ({ sql }) => console.log(JSON.stringify((await listApiKeys(sql, options.user ?? null)).map(wireKey), null, 2))),
    );

  keys
    .command("revoke <id>")
    .description("from the next request on; open streams end within seconds")
    .action((id: string) =>
      withDatabase(async ({ sql }) => {
        if (!z.guid().safeParse(id).success) throw new AppError("invalid_request", "A key is named by its id. See: slipway keys list");
        await revokeKey(sql, { id, owner: null, actor: ACTOR });
        console.log("Revoked.");
      }),
    );

  const users = program.command("users").description("who has an account, and what they may do");

  users
    .command("list")
    .description("everybody who was let in once")
    .action(() => withDatabase(async ({ sql }) => console.log(JSON.stringify(await listUsers(sql), null, 2))));

  users
    .command("set-role <name> <role>")
    .description("user, approver (decides everybody's approvals) or admin (also sees and governs everybody's things)")
    .action((name: string, role: string) =>
      withDatabase(async ({ sql }) => {
        const read = RoleSchema.safeParse(role);
        if (!read.success) throw new AppError("invalid_request", "A role is user, approver or admin.");
        await changeAccount(sql, account(name), { role: read.data }, ACTOR);
        console.log(`${name} is ${read.data} from the next request on.`);
      }),
    );

  users
    .command("disable <name>")
    .description("lets nobody in under this name; crons end at their next tick")
    .action((name: string) =>
      withDatabase(async ({ sql }) => (await changeAccount(sql, name, { disabled: true }, ACTOR), console.log(`${name} is disabled.`))),
    );

  users
    .command("enable <name>")
    .description("takes back a disable")
    .action((name: string) =>
      withDatabase(async ({ sql }) => (await changeAccount(sql, name, { disabled: false }, ACTOR), console.log(`${name} is enabled.`))),
    );

  program
    .command("adopt")
    .description(`hand over everything that was made without authentication (owner "${NOBODY_IN_PARTICULAR}")`)
    .requiredOption("--user <name>", "to whom", account)
    .action(({ user }: { user: string }) =>
      withDatabase(async ({ sql }) => {
        const counts = await handOver(sql, { from: NOBODY_IN_PARTICULAR, to: user, actor: ACTOR });
        for (const [table, count] of Object.entries(counts)) console.log(`${String(count).padStart(8)}  ${table}`);
      }),
    );
}

async function withDatabase(work: (database: Database) => Promise<void>): Promise<void> {
  const config = readConfig(process.env);
  await using opened = await openConfiguredDatabase(config, createLog(config.LOG_LEVEL));
  await work(opened.database);
}

function account(name: string): string {
  const read = Account.safeParse(name);
  if (!read.success) throw new InvalidArgumentError(`nobody can be called so: ${read.error.issues[0]?.message ?? ""}`);
  return read.data;
}

function scopes(list: string): Scope[] {
  const read = Scopes.safeParse(list.split(",").map((word) => word.trim()));
  if (!read.success) throw new InvalidArgumentError("scopes are read, write, approve and admin, separated by commas");
  return read.data;
}

/** Days; null for never. */
function days(text: string): number | null {
  if (text === "never") return null;
  const [, count, unit = ""] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  const given = Number(count) * (DAYS[unit] ?? Number.NaN);
  if (!(given > 0 && given <= MAX_DAYS)) throw new InvalidArgumentError("say 12h, 90d, 8w or never");
  return given;
}
