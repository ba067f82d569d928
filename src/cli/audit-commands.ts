import type { Command } from "commander";
import { auditEntries, verifyAuditLog } from "#governance/events/verify-audit-log.ts";
import { withDatabase } from "./with-database.ts";

/** `slipway audit`. */
export function addAuditCommands(program: Command): void {
  const audit = program.command("audit").description("the log of approvals, deployments and what concerns security");

  audit
    .command("verify")
    .description("compute the chain of hashes again; exits 1 and names the row when something was changed")
    .option("--head <hash>", "a head that an earlier verification printed: the log must go through it")
    .action(({ head: known }: { head?: string }) =>
      withDatabase(async ({ database }) => {
        const { rows, head, broken } = await verifyAuditLog(database, known === undefined ? {} : { known });
        if (broken === null) {
          console.log(`${rows} rows, all as they were written. Head: ${head || "none"}`);
          return;
        }
        console.log(`BROKEN at row ${broken.seq}: ${broken.why}. ${rows} rows before it are as they were written.`);
        process.exitCode = 1;
      }),
    );

  audit
    .command("export")
    .description("print all rows, oldest first, one JSON object a line")
    .action(() =>
      withDatabase(async ({ database }) => {
        for await (const entry of auditEntries(database)) {
          if (!process.stdout.write(`${JSON.stringify(entry)}\n`)) await new Promise((resolve) => process.stdout.once("drain", resolve));
        }
      }),
    );
}
