import { Worker } from "node:worker_threads";
import type { Log } from "#log";
import type { ExtractedSchemas, GraphSource } from "./extract.ts";

/** The reference server's limit. */
const LIMIT_MS = 30_000;
const HEAP_MB = 1_024;

/** Answers the schemas of a graph from its TypeScript source, or null where that says nothing. Read once a graph and process. */
export type ReadTypeScriptSchemas = (source: GraphSource) => Promise<ExtractedSchemas | null>;

/** One thread at a time: each needs a processor and some hundred megabytes for a few seconds. */
export function typeScriptSchemas(log: Log, limitMs = LIMIT_MS): ReadTypeScriptSchemas {
  const known = new Map<string, Promise<ExtractedSchemas | null>>();
  let last: Promise<unknown> = Promise.resolve();
  return (source) => {
    const key = `${source.file}:${source.exportName}`;
    let schemas = known.get(key);
    if (schemas === undefined) {
      schemas = last
        .then(() => extractInThread(source, limitMs))
        .catch((error: unknown) => {
          log.warn({ err: error, file: source.file }, "the types of this graph could not be read; its schemas name the fields only");
          return null;
        });
      known.set(key, schemas);
      last = schemas;
    }
    return schemas;
  };
}

async function extractInThread(source: GraphSource, limitMs: number): Promise<ExtractedSchemas | null> {
  const worker = new Worker(new URL("./thread.ts", import.meta.url), {
    workerData: source,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    // a compiler's remarks are nobody's output
    stdout: true,
  });
  const { promise, resolve, reject } = Promise.withResolvers<ExtractedSchemas | null>();
  const timer = setTimeout(() => reject(new Error(`not done after ${limitMs} ms`)), limitMs);
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", () => reject(new Error("the thread ended without an answer")));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    // nothing to tell anybody: what it had to say has been said
    void worker.terminate();
  }
}
