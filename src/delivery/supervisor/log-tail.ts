import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** The last `characters` of a log at most, beginning at a line; empty when there is no log. */
export function readTail(file: string, characters: number): string {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch {
    return "";
  }
  try {
    const { size } = fstatSync(handle);
    const length = Math.min(size, characters * 4);
    const bytes = Buffer.alloc(length);
    readSync(handle, bytes, 0, length, size - length);
    const text = bytes.toString("utf8");
    if (size <= length && text.length <= characters) return text;
    const cut = text.slice(-characters);
    return cut.slice(cut.indexOf("\n") + 1);
  } finally {
    closeSync(handle);
  }
}
