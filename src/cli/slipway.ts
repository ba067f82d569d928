/** The command line: `npx slipway <command>`. Everything else is said over HTTP. */
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Command } from "commander";
import { readConfig } from "#config";
import { findSupervisor, stopSupervisor } from "#delivery/supervisor/ensure.ts";
import { toAppError } from "#errors";
import { addAuditCommands } from "./audit-commands.ts";
import { addIdentityCommands } from "./identity-commands.ts";
import { addProjectCommands } from "./project-commands.ts";
import { addSecretCommands } from "./secret-commands.ts";
import { withDatabase } from "./with-database.ts";

/** Milliseconds; a supervisor takes about half a second to start. */
const BACK_WITHIN_MS = 2_500;

const program = new Command("slipway").description("From a sentence to tested, approved, running software.").showHelpAfterError();

program
  .command("start")
  .description("start server and worker (the same as npm start)")
  .action(async () => {
    await import("../main.ts");
  });

program
  .command("migrate")
  .description("bring the database of DATABASE_URL, or the embedded one, up to date")
  .action(() => withDatabase(async () => console.log("The database is up to date.")));

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
  .description("stop every deployed service of this DATA_DIR, the proxy and the supervisor; releases and data stay. End the server first")
  .action(async () => {
    const dataDir = resolve(readConfig(process.env).DATA_DIR);
    const was = await findSupervisor(dataDir);
    await stopSupervisor({ dataDir });
    if (was !== null && (await isBack(dataDir))) {
      console.error("They were stopped, and a server that runs with this DATA_DIR has started them again. End the server first, or take a project offline.");
      process.exitCode = 1;
      return;
    }
    console.log("Stopped.");
  });

/** A server looks after what is deployed: it misses a supervisor at once, and starts another one. */
async function isBack(dataDir: string): Promise<boolean> {
  const until = Date.now() + BACK_WITHIN_MS;
  while (Date.now() < until) {
    if ((await findSupervisor(dataDir)) !== null) return true;
    await setTimeout(100);
  }
  return false;
}

addIdentityCommands(program);
addProjectCommands(program);
addAuditCommands(program);
addSecretCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(toAppError(error).message);
  process.exitCode = 1;
}
