import { parentPort, workerData } from "node:worker_threads";
import { extractSchemas, type GraphSource } from "./extract.ts";

// started by `read.ts` only, with a source
parentPort?.postMessage(extractSchemas(workerData as GraphSource));
