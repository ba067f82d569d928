/**
 * An API key: `slw_`, 43 characters of base62 that hold 256 random bits, and 6 of a checksum. The prefix lets scanners of repositories and
 * logs find one that leaked; the checksum tells a mistyped or made-up key without asking the database.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

const PREFIX = "slw_";
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET_BYTES = 32;
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const SHOWN = 4;

/** Whether a text means to be a key of ours. */
export function looksLikeApiKey(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** @param random 32 bytes */
export function makeApiKey(random: Uint8Array): string {
  if (random.length !== SECRET_BYTES) throw new RangeError(`a key is made of ${SECRET_BYTES} bytes`);
  const secret = base62(BigInt(`0x${Buffer.from(random).toString("hex")}`), SECRET_LENGTH);
  return `${PREFIX}${secret}${checksum(secret)}`;
}

/** What the database knows a key by; null for what cannot be a key. */
export function digestOfKey(key: string): Buffer | null {
  if (key.length !== PREFIX.length + SECRET_LENGTH + CHECKSUM_LENGTH || !looksLikeApiKey(key)) return null;
  const secret = key.slice(PREFIX.length, -CHECKSUM_LENGTH);
  return /^[0-9A-Za-z]+$/.test(secret) && key.endsWith(checksum(secret)) ? createHash("sha256").update(key).digest() : null;
}

/** Enough for a person to know it again, and for nothing else. */
export function hintOf(key: string): string {
  return key.slice(0, PREFIX.length + SHOWN);
}

function checksum(secret: string): string {
  return base62(BigInt(crc32(secret)), CHECKSUM_LENGTH);
}

function base62(value: bigint, length: number): string {
  let text = "";
  for (let rest = value; rest > 0n; rest /= 62n) text = (ALPHABET[Number(rest % 62n)] ?? "") + text;
  return text.padStart(length, "0");
}
