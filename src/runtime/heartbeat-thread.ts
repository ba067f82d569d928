import { parentPort, workerData } from "node:worker_threads";
import { createClient } from "#db/create-client.ts";
import { heartbeatName } from "#db/queries/claim-expired-runs.ts";
import { extendLeases } from "#db/queries/extend-leases.ts";
import { type HeldRun, HeldRuns } from "./held-runs.ts";
import type { FromHeartbeat, HeartbeatSettings, ToHeartbeat } from "./heartbeat.ts";

/**
 * Extends the leases of this process's runs from a thread and a connection of its own, so that a node that keeps the main thread busy
 * cannot starve it. Reports what it finds: leases that are lost, and cancellations that no NOTIFY brought.
 */
const port = parentPort;
if (port === null) throw new Error("heartbeat-thread.ts runs as a worker thread");
const { url, workerId, leaseSeconds, intervalMs, held: memory } = workerData as HeartbeatSettings;
const sql = createClient({ url, poolSize: 1, applicationName: heartbeatName(workerId), statementTimeoutMs: 5_000, connectTimeoutSeconds: 5, lasting: true });
const held = new HeldRuns(memory);
/** Attempts that are lost, and runs whose cancellation was told: nothing more is to be said of them while they are held. */
const lost = new Set<string>();
const told = new Set<string>();
let beating = false;

void beSeen();

port.on("message", (_stop: ToHeartbeat) => {
  clearInterval(timer);
  void sql.end({ timeout: 1 }).finally(() => port.close());
});

const timer = setInterval(() => void beat(), intervalMs);

/** Connects before the first run is held: others take a worker without this connection for dead. */
async function beSeen(): Promise<void> {
  for (let connected = false; !connected;) connected = await sql`select 1`.then(Boolean, () => new Promise((resolve) => setTimeout(resolve, 200, false)));
  send({ kind: "seen" });
}

/** What is held and neither lost nor over its time. Forgets what was said of runs that are held no more. */
function toKeep(): HeldRun[] {
  const now = Date.now();
  const all = held.all();
  const attempts = new Set(all.map(attemptOf));
  const runs = new Set(all.map((run) => run.runId));
  for (const attempt of lost) if (!attempts.has(attempt)) lost.delete(attempt);
  for (const runId of told) if (!runs.has(runId)) told.delete(runId);
  return all.filter((run) => run.until >= now && !lost.has(attemptOf(run)));
}

function attemptOf({ runId, epoch }: HeldRun): string {
  return `${runId} ${epoch}`;
}

async function beat(): Promise<void> {
  if (beating) return;
  beating = true;
  try {
    const runs = toKeep();
    if (runs.length === 0) return;
    const kept = await extendLeases(sql, { runs, leaseSeconds });
    const still = new Set(toKeep().map(attemptOf));
    for (const run of runs) {
      const found = kept.get(run.runId);
      // dropped meanwhile by the main thread: not lost, over
      if (!still.has(attemptOf(run))) continue;
      if (found === undefined) {
        lost.add(attemptOf(run));
        send({ kind: "lost", runId: run.runId, epoch: run.epoch });
      } else if (found.cancel && !told.has(run.runId)) {
        told.add(run.runId);
        send({ kind: "cancel", runId: run.runId });
      }
    }
  } catch (error) {
    send({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  } finally {
    beating = false;
  }
}

function send(message: FromHeartbeat): void {
  port?.postMessage(message);
}
