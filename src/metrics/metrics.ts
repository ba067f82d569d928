import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Database } from "#db/client.ts";
import { type QueueState, readQueueState } from "#db/queries/queue-state.ts";
import type { MetricsService, RuntimeMetrics, ServerMetrics } from "#ports/metrics.ts";

const PREFIX = "slipway_";
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];

export interface Metrics extends RuntimeMetrics, ServerMetrics, MetricsService {}

/**
 * What this process counted, and how the queue in the database stands when somebody asks. Counters are of one process: a scraper sums them.
 * What is read from the database is the same wherever it is asked.
 */
export function createMetrics(sources: { database: Database; busy: () => number }): Metrics {
  const register = new Registry();
  const own = { registers: [register] };
  collectDefaultMetrics({ register, prefix: PREFIX });

  const gauge = (name: string, help: string, collect?: (this: Gauge) => void | Promise<void>) =>
    new Gauge({ ...own, name: PREFIX + name, help, ...(collect === undefined ? {} : { collect }) });

  gauge("runs_active", "Runs executed by this process now", function () {
    this.set(sources.busy());
  });
  const streams = gauge("event_streams_open", "Event streams open in this process");
  const runs = new Gauge({ ...own, name: `${PREFIX}runs`, help: "Runs that are not over, in the whole system", labelNames: ["status"] });
  const depth = gauge("queue_depth", "Runs that could begin and wait for a free worker");
  const age = gauge("queue_oldest_seconds", "How long the first of them has been waiting");
  const webhooksOpen = gauge("webhooks_pending", "Webhooks still to be delivered, in the whole system");

  const claimDelay = new Histogram({
    ...own,
    name: `${PREFIX}run_claim_delay_seconds`,
    help: "From when a run was due to when it was first taken",
    buckets: SECONDS,
  });
  const runSeconds = new Histogram({
    ...own,
    name: `${PREFIX}run_duration_seconds`,
    help: "From when a run was first taken to its end, by how it ended",
    labelNames: ["status"],
    buckets: SECONDS,
  });
  const httpSeconds = new Histogram({
    ...own,
    name: `${PREFIX}http_request_duration_seconds`,
    help: "Answers by route; event streams and answers that wait for a run count until their end",
    labelNames: ["method", "route", "status"],
    buckets: SECONDS,
  });
  const webhooks = new Counter({
    ...own,
    name: `${PREFIX}webhooks_total`,
    help: "Sends of webhooks: delivered, failed (tried again), dead (given up)",
    labelNames: ["outcome"],
  });
  // so that a rate can be computed from the first one on
  for (const outcome of ["delivered", "failed", "dead"]) webhooks.inc({ outcome }, 0);

  async function readTables(): Promise<void> {
    let state: QueueState;
    try {
      state = await readQueueState(sources.database.sql);
    } catch {
      // the database is away: better no figure than an old one
      for (const one of [runs, depth, age, webhooksOpen]) one.reset();
      return;
    }
    runs.set({ status: "pending" }, state.pending);
    runs.set({ status: "running" }, state.running);
    depth.set(state.due);
    age.set(state.oldest_seconds);
    webhooksOpen.set(state.webhooks);
  }

  return {
    contentType: register.contentType,
    async text() {
      await readTables();
      return register.metrics();
    },
    async json() {
      await readTables();
      return register.getMetricsAsJSON();
    },
    runClaimed: (delaySeconds) => claimDelay.observe(Math.max(0, delaySeconds)),
    runEnded: (status, seconds) => runSeconds.observe({ status }, Math.max(0, seconds)),
    webhookSent: (outcome) => webhooks.inc({ outcome }),
    answered: ({ method, route, status }, seconds) => httpSeconds.observe({ method, route, status: String(status) }, seconds),
    streamOpened() {
      streams.inc();
      return () => streams.dec();
    },
  };
}
