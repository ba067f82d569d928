import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { PROTOCOL, State } from "./protocol.ts";

/** An empty memory. */
export function emptyState(): State {
  return { protocol: PROTOCOL, proxyPort: null, revision: 0, apps: [] };
}

/**
 * Reads what the last supervisor knew. A file that cannot be read is put aside under another name: the server's database knows what
 * should run and brings it back.
 */
export function readState(file: string): State {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return emptyState();
  }
  try {
    return State.parse(JSON.parse(text));
  } catch {
    renameSync(file, `${file}.unreadable`);
    return emptyState();
  }
}

/** Replaces the file in one step: whoever reads it, whenever this process dies, sees the old or the new state, never a part. */
export function writeState(file: string, state: State): void {
  const draft = `${file}.${process.pid}.draft`;
  const handle = openSync(draft, "w", 0o600);
  try {
    writeFileSync(handle, JSON.stringify(state));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
}
