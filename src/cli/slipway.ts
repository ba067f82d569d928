/** The command line: `npx slipway <command>`. Everything else is said over HTTP. */
import { resolve } from "node:path";
import { Command } from "commander";
import { readConfig } from "#config";
import { findSupervisor, stopSupervisor } from "#delivery/supervisor/ensure.ts";
import { toAppError } from "#errors";
import { createLog } from "#log";
import { openConfiguredDatabase } from "../start/open-database.ts";
import { addAuditCommands } from "./audit-commands.ts";
import { addIdentityCommands } from "./identity-commands.ts";
import { addSecretCommands } from "./secret-commands.ts";

const program = new Command("slipway").description("From a sentence to tested, approved, running software.");

program
  .command("start")
  .description("start server and worker (the same as npm start)")
  .action(async () => {
    await import("../main.ts");
  });

program
  .command("migrate")
  .description("bring the database of DATABASE_URL, or the embedded one, up to date")
  .action(async () => {
    const config = readConfig(process.env);
    await using _opened = await openConfiguredDatabase(config, createLog(config.LOG_LEVEL));
    console.log("The database is up to date.");
  });

program
  .command("services")
  .description("what is deployed from this DATA_DIR, and its supervisor")
  .action(async () => {
    const supervisor = await findSupervisor(resolve(readConfig(process.env).DATA_DIR));
    if (supervisor === null) return console.log("No supervisor runs for this DATA_DIR: nothing is deployed, or it was stopped.");
    console.log(JSON.stringify(await supervisor.client.status(), null, 2));
  });

program
  .command("stop-services")
  .description("stop every deployed service of this DATA_DIR, the proxy and the supervisor; releases and data stay")
  .action(async () => {
    await stopSupervisor({ dataDir: resolve(readConfig(process.env).DATA_DIR) });
    console.log("Stopped.");
  });

addIdentityCommands(program);

addAuditCommands(program);
addSecretCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(toAppError(error).message);
  process.exitCode = 1;
}
