/**
 * A server that does nothing but one deployment, to be killed: node deploy-process.ts '{"url":…,"dataDir":…,"request":…}'.
 * Prints the outcome as one line of JSON.
 */
import { openDatabase } from "../../src/db/client.ts";
import { createReleases } from "../../src/delivery/releases/releases.ts";
import { detectSandbox } from "../../src/delivery/sandbox/detect.ts";
import { createSecretVault } from "../../src/delivery/secrets/vault.ts";
import { createLog } from "../../src/log.ts";
import type { DeployRequest } from "../../src/ports/releases.ts";

// the test that starts it writes this argument
const { url, dataDir, request } = JSON.parse(process.argv[2] ?? "{}") as { url: string; dataDir: string; request: DeployRequest };
await using database = await openDatabase({ url });
const vault = createSecretVault({ database, dataDir, embedded: true });
const sandbox = await detectSandbox({ allowUnsandboxed: true });
const releases = createReleases({ database, dataDir, proxyPort: 0, vault, sandbox, log: createLog("error"), timing: { watchMs: 0 } });
process.stdout.write(`${JSON.stringify(await releases.forOwner("local").deploy(request))}\n`);
