import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "#errors";
import { type KeyRing, masterKey, type MasterKey } from "./seal.ts";

/**
 * The key of this installation: SECRETS_KEY, or with the embedded database a file in DATA_DIR that is made (mode 0600) when the first
 * secret needs it. With a database elsewhere there is no such file: whoever loses this machine must not lose the key, and the
 * second machine needs the same one.
 * @throws AppError `secrets_key_missing`.
 */
function findMasterKey(input: { secretsKey?: string | undefined; embedded: boolean; dataDir: string }): MasterKey {
  if (input.secretsKey !== undefined && input.secretsKey !== "") return masterKey(input.secretsKey);
  if (!input.embedded) {
    throw new AppError(
      "secrets_key_missing",
      "This project needs a secret, and there is no key to encrypt it with. Set SECRETS_KEY (for example to the output of `openssl rand -base64 32`), keep it safe, and run it again.",
    );
  }
  const file = join(input.dataDir, "secrets.key");
  const known = read(file);
  if (known) return masterKey(known);
  mkdirSync(input.dataDir, { recursive: true });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draft, randomBytes(32).toString("base64"), { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch {
    // another process made it first
  } finally {
    rmSync(draft, { force: true });
  }
  return masterKey(readFileSync(file, "utf8"));
}

export interface KeySettings {
  secretsKey?: string | undefined;
  /** SECRETS_KEY_PREVIOUS: the one that is being replaced. */
  previousKey?: string | undefined;
  embedded: boolean;
  dataDir: string;
}

/** The key of this installation, and the one before while it is being replaced. @throws AppError `secrets_key_missing`. */
export function findKeyRing(settings: KeySettings): KeyRing {
  const current = findMasterKey(settings);
  const texts = [settings.previousKey, settings.embedded ? read(previousFile(settings.dataDir)) : null];
  const previous = texts.flatMap((text) => (text ? [masterKey(text)] : [])).filter(({ id }) => id !== current.id);
  return { current, previous };
}

/** Makes a new key in DATA_DIR and keeps the old one beside it until `forgetPreviousKey`. Unfinished before: nothing new is made. */
export function replaceKeyFile(dataDir: string): void {
  const file = join(dataDir, "secrets.key");
  const old = read(file);
  const before = read(previousFile(dataDir));
  // equal: it was interrupted before the new key stood in its place
  if (old === null || (before !== null && before !== old)) return;
  const draft = `${file}.next`;
  writeFileSync(draft, randomBytes(32).toString("base64"), { mode: 0o600 });
  // the old one is safe before the new one stands in its place
  writeFileSync(previousFile(dataDir), old, { mode: 0o600 });
  renameSync(draft, file);
}

/** After every secret was sealed with the new key. */
export function forgetPreviousKey(dataDir: string): void {
  rmSync(previousFile(dataDir), { force: true });
}

function previousFile(dataDir: string): string {
  return join(dataDir, "secrets.key.previous");
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
