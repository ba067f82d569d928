import { resolve } from "node:path";
import type { Command } from "commander";
import { findKeyRing, forgetPreviousKey, replaceKeyFile } from "#delivery/secrets/master-key.ts";
import { rotateKeys } from "#delivery/secrets/rotate-keys.ts";
import { withDatabase } from "./with-database.ts";

/** `slipway secrets`. */
export function addSecretCommands(program: Command): void {
  program
    .command("secrets")
    .description("the secrets of delivered projects")
    .command("rotate-key")
    .description("seal all secrets with SECRETS_KEY instead of SECRETS_KEY_PREVIOUS, or with a new key file in DATA_DIR; can be interrupted and called again")
    .action(() =>
      withDatabase(async ({ database, embedded }, config) => {
        const dataDir = resolve(config.DATA_DIR);
        const ownsFile = embedded && config.SECRETS_KEY === undefined;
        if (ownsFile) replaceKeyFile(dataDir);
        const settings = { secretsKey: config.SECRETS_KEY, previousKey: config.SECRETS_KEY_PREVIOUS, embedded, dataDir };
        const ring = findKeyRing(settings);
        const { rewrapped, unknown } = await rotateKeys(database, ring);
        if (ownsFile && unknown === 0) forgetPreviousKey(dataDir);
        console.log(`${rewrapped} secrets are sealed with the key ${ring.current.id} now.`);
        if (unknown > 0) {
          console.log(`${unknown} are sealed with a key that is not known here. Set SECRETS_KEY_PREVIOUS to it and call this again.`);
          process.exitCode = 1;
        } else if (config.SECRETS_KEY_PREVIOUS !== undefined) console.log("SECRETS_KEY_PREVIOUS is not needed any more.");
      }),
    );
}
