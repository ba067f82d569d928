import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { AppError } from "#errors";

/** The key that seals values' own keys, with a name that may be stored beside what it sealed. */
export interface MasterKey {
  id: string;
  key: Buffer;
}

/** While keys are being replaced, what the one before sealed is still opened. */
export interface KeyRing {
  current: MasterKey;
  previous: readonly MasterKey[];
}

const FORMAT = 1;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const WRAPPED_BYTES = NONCE_BYTES + TAG_BYTES + KEY_BYTES;

/** Any text serves as SECRETS_KEY; its strength is the text's. The id tells keys apart and gives nothing away. */
export function masterKey(text: string): MasterKey {
  const key = Buffer.from(hkdfSync("sha256", text, "slipway", "secrets-key-v1", KEY_BYTES));
  return { key, id: createHash("sha256").update("slipway-key-id").update(key).digest("hex").slice(0, 16) };
}

function encrypt(key: Buffer, plain: Buffer, bound: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(bound));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

function decrypt(key: Buffer, sealed: Buffer, bound: string): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES }).setAAD(Buffer.from(bound));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
}

/**
 * AES-256-GCM envelope: the value under a key of its own, that key under the master key. `bound` (project, name, version) is
 * authenticated, so a sealed value cannot be moved to another row.
 */
export function seal(master: MasterKey, value: string, bound: string): Buffer {
  const own = randomBytes(KEY_BYTES);
  return Buffer.concat([Buffer.from([FORMAT]), encrypt(master.key, own, bound), encrypt(own, Buffer.from(value, "utf8"), bound)]);
}

/** Opens what `seal` made. @throws AppError `secret_missing` when key, place or bytes do not fit. */
export function unseal(master: MasterKey, sealed: Uint8Array, bound: string): string {
  const bytes = Buffer.from(sealed);
  try {
    if (bytes[0] !== FORMAT) throw new Error("unknown format");
    const own = decrypt(master.key, bytes.subarray(1, 1 + WRAPPED_BYTES), bound);
    return decrypt(own, bytes.subarray(1 + WRAPPED_BYTES), bound).toString("utf8");
  } catch {
    throw new AppError("secret_missing", "A stored secret cannot be opened: it was changed, or sealed with another SECRETS_KEY.");
  }
}

/** The same value with its own key sealed by another master key. @throws AppError `secret_missing` as `unseal`. */
export function rewrap(from: MasterKey, to: MasterKey, sealed: Uint8Array, bound: string): Buffer {
  // proves that all of it is whole before it is written again
  unseal(from, sealed, bound);
  const bytes = Buffer.from(sealed);
  const own = decrypt(from.key, bytes.subarray(1, 1 + WRAPPED_BYTES), bound);
  return Buffer.concat([Buffer.from([FORMAT]), encrypt(to.key, own, bound), bytes.subarray(1 + WRAPPED_BYTES)]);
}
