import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { checkedId } from "../workspaces/layout.ts";

/** All that a test run printed, as it comes. */
export interface WholeLog {
  add(chunk: Buffer): void;
  close(): Promise<void>;
}

/** Opens the log of a test run, DATA_DIR/artifacts/<report>.log, of which the report holds only the end; an earlier one of the same id is replaced. */
export async function openWholeLog(dataDir: string, reportId: string): Promise<WholeLog> {
  const path = join(resolve(dataDir), "artifacts", `${checkedId(reportId)}.log`);
  await mkdir(dirname(path), { recursive: true });
  const stream = createWriteStream(path, { mode: 0o600 });
  let broken = false;
  // a log that cannot be kept (a full disk) must not fail the run it describes
  stream.on("error", () => (broken = true));
  return {
    add: (chunk) => void (broken || stream.write(chunk)),
    close: () => ended(stream),
  };
}

function ended(stream: WriteStream): Promise<void> {
  return new Promise((settle) => {
    if (stream.closed) return settle();
    stream.once("close", () => settle());
    stream.end();
  });
}
