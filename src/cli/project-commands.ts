/** With whom projects are shared, from the machine that has the database. */
import { type Command, InvalidArgumentError } from "commander";
import type postgres from "postgres";
import { listShares } from "#db/queries/project-shares.ts";
import { findNamedProject } from "#db/queries/find-named-project.ts";
import { AppError } from "#errors";
import { shareProject, unshareProject } from "#governance/project-shares.ts";
import type { Config } from "#config";
import type { Database } from "#db/client.ts";
import { createLog } from "#log";
import { ShareRole } from "#protocol/project-shares.ts";
import { openBus } from "#start/open-bus.ts";
import { stopWork } from "#start/stop-work.ts";
import { account } from "./account-argument.ts";
import { ACTOR, withDatabase } from "./with-database.ts";

/** `slipway projects`. */
export function addProjectCommands(program: Command): void {
  const projects = program.command("projects").description("with whom projects are shared; a project is named by its slug or id");

  projects
    .command("share <project> <user> <role>")
    .description("viewer (sees it), approver (also answers its questions) or editor (also has work done on it)")
    .action((project: string, user: string, word: string) =>
      withDatabase(async ({ database }, config) => {
        const { sql } = database;
        const role = ShareRole.safeParse(word);
        if (!role.success) throw new InvalidArgumentError("a role in a project is viewer, approver or editor");
        const { slug, ...found } = await mustFind(sql, project);
        await shareProject(sql, { project: found, member: account(user), role: role.data, actor: ACTOR });
        if (role.data !== "editor") await stop(database, config, user, found.id);
        console.log(`${user} is ${role.data} of ${slug}.`);
      }),
    );

  projects
    .command("unshare <project> <user>")
    .description("from the next request on; open streams end within seconds, and their work under way on it")
    .action((project: string, user: string) =>
      withDatabase(async ({ database }, config) => {
        const { slug, ...found } = await mustFind(database.sql, project);
        await unshareProject(database.sql, { project: found, member: user, actor: ACTOR });
        await stop(database, config, user, found.id);
        console.log(`${slug} is not shared with ${user} any more.`);
      }),
    );

  projects
    .command("shares <project>")
    .description("with whom it is shared")
    .action((project: string) =>
      withDatabase(async ({ database: { sql } }) => console.log(JSON.stringify(await listShares(sql, (await mustFind(sql, project)).id), null, 2))),
    );
}

/** Whoever reads along is told the end by the bus. */
async function stop(database: Database, config: Config, user: string, projectId: string): Promise<void> {
  await using bus = await openBus(config, database, createLog(config.LOG_LEVEL));
  await stopWork({ database, bus })(user, projectId);
}

async function mustFind(sql: postgres.Sql, name: string): Promise<{ id: string; owner: string; slug: string }> {
  const found = await findNamedProject(sql, name);
  if (found === null) throw new AppError("not_found", `There is no project "${name}".`);
  return found;
}
