/** Accounts and keys, from the machine that has the database: whoever may run this is trusted with everything. */
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { listApiKeys } from "#db/queries/list-api-keys.ts";
import { listUsers } from "#db/queries/list-users.ts";
import { AppError } from "#errors";
import { changeAccount, handOver } from "#governance/identity/accounts.ts";
import { createApiKey, limitsWithin, revokeKey, wireKey } from "#governance/identity/api-keys.ts";
import type { KeyLimits, Scope } from "#ports/identity.ts";
import { DEFAULT_KEY_DAYS, KeyLimitsBody, Role as RoleSchema, Scopes } from "#protocol/identity.ts";
import { serverLimits } from "#start/server-limits.ts";
import { account } from "./account-argument.ts";
import { ACTOR, withDatabase } from "./with-database.ts";

/** Whose everything is without authentication. */
const NOBODY_IN_PARTICULAR = "local";
const DAYS: Record<string, number> = { h: 1 / 24, d: 1, w: 7 };
const MAX_DAYS = 3_650;

/** `slipway keys`, `users` and `adopt`. */
export function addIdentityCommands(program: Command): void {
  addKeyCommands(program);
  addUserCommands(program);
  addAdoption(program);
}

function addKeyCommands(program: Command): void {
  const keys = program.command("keys").description("API keys, for AUTH=api-key");

  keys
    .command("create")
    .description("make a key; it is shown once")
    .requiredOption("--user <name>", "who the key acts as", account)
    .option("--name <text>", "what it is for", "key")
    .addOption(new Option("--scopes <list>", "of read, write, approve (answers questions), admin").argParser(scopes).default(["read", "write"], "read,write"))
    .option("--requests-per-minute <count>", "changing requests; within RATE_LIMIT_PER_MINUTE", count)
    .option("--runs <count>", "runs that are not over; within MAX_RUNS_PER_USER", count)
    .option("--streams <count>", "streams that are open; within MAX_STREAMS_PER_USER", count)
    .option("--body-bytes <count>", "of one request; within MAX_BODY_BYTES", count)
    .addOption(new Option("--expires <time>", "such as 12h, 90d, 8w; or never").argParser(days).default(DEFAULT_KEY_DAYS, `${DEFAULT_KEY_DAYS}d`))
    .action((options: { user: string; name: string; scopes: Scope[]; expires: number | null } & AskedLimits) =>
      withDatabase(async ({ database: { sql } }, config) => {
        const made = await createApiKey(sql, {
          owner: options.user,
          name: options.name,
          scopes: options.scopes,
          limits: limitsWithin(keyLimits(options), serverLimits(config)),
          expiresInDays: options.expires,
          notAfter: null,
          createdBy: ACTOR,
        });
        console.log(made.key);
        // so that the key alone can be piped on
        console.error(
          `${made.id} of ${made.user}: ${made.scopes.join(", ")}; ${made.expires_at === null ? "for ever" : `until ${made.expires_at}`}. It is not shown again.`,
        );
        // a shell without the server's DATA_DIR makes keys that the server does not know
        console.error(`Made in the database of ${config.DATABASE_URL === undefined ? resolve(config.DATA_DIR) : "DATABASE_URL"}.`);
      }),
    );

  keys
    .command("list")
    .description("all keys, or those of one user; never the keys themselves")
    .option("--user <name>", "whose", account)
    .action((options: { user?: string }) =>
      withDatabase(async ({ database: { sql } }) => console.log(JSON.stringify((await listApiKeys(sql, options.user ?? null)).map(wireKey), null, 2))),
    );

  keys
    .command("revoke <id>")
    .description("from the next request on; open streams end within seconds")
    .action((id: string) =>
      withDatabase(async ({ database: { sql } }) => {
        if (!z.guid().safeParse(id).success) throw new AppError("invalid_request", "A key is named by its id. See: slipway keys list");
        await revokeKey(sql, { id, owner: null, actor: ACTOR });
        console.log("Revoked.");
      }),
    );
}

function addUserCommands(program: Command): void {
  const users = program.command("users").description("who has an account, and what they may do");

  users
    .command("list")
    .description("everybody who was let in once, has a key, a role or a share")
    .action(() => withDatabase(async ({ database: { sql } }) => console.log(JSON.stringify(await listUsers(sql), null, 2))));

  users
    .command("set-role <name> <role>")
    .description("user, approver (decides everybody's approvals) or admin (also sees and governs everybody's things)")
    .action((name: string, role: string) =>
      withDatabase(async ({ database: { sql } }) => {
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
      withDatabase(async ({ database: { sql } }) => (await changeAccount(sql, name, { disabled: true }, ACTOR), console.log(`${name} is disabled.`))),
    );

  users
    .command("enable <name>")
    .description("takes back a disable")
    .action((name: string) =>
      withDatabase(async ({ database: { sql } }) => (await changeAccount(sql, name, { disabled: false }, ACTOR), console.log(`${name} is enabled.`))),
    );
}

function addAdoption(program: Command): void {
  program
    .command("adopt")
    .description(`hand over everything that was made without authentication (owner "${NOBODY_IN_PARTICULAR}")`)
    .requiredOption("--user <name>", "to whom", account)
    .action(({ user }: { user: string }) =>
      withDatabase(async ({ database: { sql } }) => {
        const counts = await handOver(sql, { from: NOBODY_IN_PARTICULAR, to: user, actor: ACTOR });
        for (const [table, count] of Object.entries(counts)) console.log(`${String(count).padStart(8)}  ${table}`);
      }),
    );
}

interface AskedLimits {
  requestsPerMinute?: number;
  runs?: number;
  streams?: number;
  bodyBytes?: number;
}

/** @throws AppError `invalid_request` */
function keyLimits({ requestsPerMinute, runs, streams, bodyBytes }: AskedLimits): KeyLimits {
  const read = KeyLimitsBody.safeParse({ requests_per_minute: requestsPerMinute, runs, streams, body_bytes: bodyBytes });
  if (!read.success) throw new AppError("invalid_request", z.prettifyError(read.error));
  return read.data;
}

function count(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError("say a whole number");
  return Number(text);
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
