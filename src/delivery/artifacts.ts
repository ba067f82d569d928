import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { checkedId } from "./workspaces/layout.ts";

/** Raw logs by id, below DATA_DIR/artifacts: what a report shows only the end of. */
export interface Artifacts {
  /** Opens a log for writing; an earlier one of the same id is replaced. */
  writer(id: string): Promise<ArtifactWriter>;
  /** A piece of a log, or null when there is none. */
  read(id: string, input: { offset: number; bytes: number }): Promise<{ text: string; size: number } | null>;
}

export interface ArtifactWriter {
  add(chunk: Buffer): void;
  close(): Promise<void>;
}

const MOST_READ = 1_000_000;

/** Whole logs of test runs, below DATA_DIR; the database has only their ends. */
export function createArtifacts(dataDir: string): Artifacts {
  const pathOf = (id: string): string => join(resolve(dataDir), "artifacts", `${checkedId(id)}.log`);
  return {
    async writer(id) {
      const path = pathOf(id);
      await mkdir(dirname(path), { recursive: true });
      const stream = createWriteStream(path, { mode: 0o600 });
      let broken = false;
      // a log that cannot be kept (a full disk) must not fail the run it describes
      stream.on("error", () => (broken = true));
      return {
        add: (chunk) => void (broken || stream.write(chunk)),
        close: () => ended(stream),
      };
    },
    async read(id, { offset, bytes }) {
      const file = await open(pathOf(id), "r").catch(() => null);
      if (file === null) return null;
      try {
        const { size } = await file.stat();
        const buffer = Buffer.alloc(Math.max(0, Math.min(bytes, MOST_READ, size - offset)));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, Math.max(0, offset));
        return { text: buffer.subarray(0, bytesRead).toString("utf8"), size };
      } finally {
        await file.close();
      }
    },
  };
}

function ended(stream: WriteStream): Promise<void> {
  return new Promise((settle) => {
    if (stream.closed) return settle();
    stream.once("close", () => settle());
    stream.end();
  });
}
