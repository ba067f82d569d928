import { parentPort, workerData } from "node:worker_threads";
import { createClient } from "#db/client.ts";
import { heartbeatName } from "#db/queries/claim-expired-runs.ts";
import { extendLeases } from "#db/queries/extend-leases.ts";
import type { FromHeartbeat, HeartbeatSettings, ToHeartbeat } from "./heartbeat.ts";

/**
 * Extends the leases of this process's runs from a thread and a connection of its own, so that a node that keeps the main thread busy
 * cannot starve it. Reports what it finds: leases that are lost, and cancellations that no NOTIFY brought.
 */
const port = parentPort;
if (port === null) throw new Error("heartbeat-thread.ts runs as a worker thread");
const { url, workerId, leaseSeconds, intervalMs } = workerData as HeartbeatSettings;
const sql = createClient({ url, poolSize: 1, applicationName: heartbeatName(workerId), statementTimeoutMs: 5_000, connectTimeoutSeconds: 5, lasting: true });
/** Until when each held run may be kept alive: a run must not outlive its time limit because its process hangs. */
const held = new Map<string, { epoch: number; until: number }>();
const told = new Set<string>();
let beating = false;

void beSeen();

port.on("message", (message: ToHeartbeat) => {
  if (message.kind === "hold") held.set(message.runId, { epoch: message.epoch, until: message.until });
  else if (message.kind === "drop") {
    if (held.get(message.runId)?.epoch === message.epoch) held.delete(message.runId);
    told.delete(message.runId);
  } else {
    clearInterval(timer);
    void sql.end({ timeout: 1 }).finally(() => port.close());
  }
});

const timer = setInterval(() => void beat(), intervalMs);

/** Connects before the first run is held: others take a worker without this connection for dead. */
async function beSeen(): Promise<void> {
  for (let connected = false; !connected;) connected = await sql`select 1`.then(Boolean, () => new Promise((resolve) => setTimeout(resolve, 200, false)));
  send({ kind: "seen" });
}

async function beat(): Promise<void> {
  if (beating) return;
  beating = true;
  try {
    const now = Date.now();
    for (const [runId, run] of held) if (run.until < now) held.delete(runId);
    const runs = [...held].map(([runId, { epoch }]) => ({ runId, epoch }));
    if (runs.length === 0) return;
    const kept = await extendLeases(sql, { runs, leaseSeconds });
    for (const { runId, epoch } of runs) {
      const found = kept.get(runId);
      // dropped meanwhile by the main thread: not lost, over
      if (held.get(runId)?.epoch !== epoch) continue;
      if (found === undefined) {
        held.delete(runId);
        send({ kind: "lost", runId, epoch });
      } else if (found.cancel && !told.has(runId)) {
        told.add(runId);
        send({ kind: "cancel", runId });
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
