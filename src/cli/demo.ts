/**
 * The main job in a terminal: one request, from a sentence to a deployed, answering service, against a real server over its public API.
 *
 *   npm run demo -- --yes --exit                  approve everything, tear down at the end, exit 0 only if the deployed URL answered
 *   npm run demo -- --recording python            another recorded delivery
 *   npm run demo -- --request "Build …"           anything else (needs a model, see README)
 *
 * Killed in the middle and started again, it goes on with the delivery that was under way.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Client } from "@langchain/langgraph-sdk";
import { Command } from "commander";
import colors from "picocolors";
import { z } from "zod";
import { AppError, toAppError } from "#errors";
import { stopSupervisor } from "#delivery/supervisor/ensure.ts";
import { closeConversation, deliver } from "./demo/deliver.ts";
import { openKeyboard } from "./demo/keyboard.ts";
import { probeService } from "./demo/probe-service.ts";
import { startServerProcess } from "./demo/server-process.ts";
import { showUsage } from "./demo/show-usage.ts";

const Header = z.object({ title: z.string(), request: z.string() });

const Info = z.object({ sandbox: z.string() });

const options = new Command("demo")
  .option("--yes", "approve the plan and the deployment without asking", false)
  .option("--exit", "stop the delivered service and the server at the end", false)
  .option("--recording <name>", "which recorded delivery to replay", "polls")
  .option("--request <text>", "deliver this instead (needs a model)")
  .option("--language <tag>", "language of --request, for the recording's header", "en")
  .parse()
  .opts<{ yes: boolean; exit: boolean; recording: string; request?: string; language: string }>();

const RECORDINGS = resolve(process.env["RECORDINGS_DIR"] ?? "recordings");

function recordedRequest(name: string): string {
  const file = `${name}.jsonl`;
  if (!readdirSync(RECORDINGS).includes(file)) {
    const known = readdirSync(RECORDINGS)
      .filter((entry) => entry.endsWith(".jsonl"))
      .map((entry) => entry.slice(0, -6));
    throw new AppError("invalid_request", `There is no recording "${name}". Known: ${known.join(", ")}.`);
  }
  const first = readFileSync(join(RECORDINGS, file), "utf8").split("\n", 1)[0] ?? "";
  return Header.parse(JSON.parse(first)).request;
}

/** With RECORD_TO, the file begins with the person's own words: what the next demo types. */
function beginRecording(request: string): void {
  const file = process.env["RECORD_TO"];
  if (file === undefined || existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ kind: "header", title: basename(file, ".jsonl"), request, language: options.language })}\n`);
}

async function main(): Promise<number> {
  const request = options.request ?? recordedRequest(options.recording);
  const dataDir = resolve(process.env["DATA_DIR"] ?? ".slipway/demo");
  if (options.request !== undefined) beginRecording(options.request);
  const live = process.env["OPENAI_API_KEY"] !== undefined || process.env["OPENAI_BASE_URL"] !== undefined;
  await using server = await startServerProcess({ DATA_DIR: dataDir }, join(dataDir, "demo-server.log"));
  console.log(colors.bold("Slipway: from a sentence to a running service"));
  console.log(
    colors.dim(
      live ? "The model's words come from your endpoint." : `The model's words are replayed from recordings/ (no key is set). Everything else is real.`,
    ),
  );
  const info = Info.parse(await (await fetch(`${server.url}/info`)).json());
  console.log(colors.dim(`Server ${server.url}, tests run in: ${info.sandbox}, data in ${dataDir}\n`));

  const client = new Client({ apiUrl: server.url });
  const keyboard = openKeyboard();
  const delivered = await deliver({ client, request, yes: options.yes, ask: keyboard.ask }).finally(() => keyboard.close());
  await showUsage(server.url, delivered.projectId);
  if (delivered.url === null || delivered.directUrl === null) {
    console.error(colors.red(`\nNothing was deployed: ${delivered.summary}`));
    await closeConversation(client, delivered.threadId);
    return 1;
  }
  const answer = await probeService({ url: delivered.url, path: delivered.healthPath });
  console.log(`\n${colors.green("✓")} ${delivered.healthPath} answers ${answer.status}: ${answer.body}`);
  console.log(`\nDeployed: ${delivered.url}`);
  console.log(colors.dim(`The same process without the proxy: ${delivered.directUrl}`));
  if (options.exit) await fetch(`${server.url}/projects/${delivered.projectId}/undeploy`, { method: "POST" });
  await closeConversation(client, delivered.threadId);
  if (options.exit) {
    // the server first: it would start the supervisor again
    await server[Symbol.asyncDispose]();
    await stopSupervisor({ dataDir });
    console.log(colors.dim("Torn down. The repository and the releases are kept in the data directory."));
  } else {
    console.log(colors.dim(`It keeps running. DATA_DIR=${dataDir} npm start opens the chat's server again;`));
    console.log(colors.dim(`DATA_DIR=${dataDir} npx slipway stop-services takes it down.`));
  }
  return answer.ok ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(colors.red(toAppError(error).message));
  process.exitCode = 1;
}
