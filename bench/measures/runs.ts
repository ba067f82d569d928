import { percentile } from "../figures.ts";
import { DURABILITY, fromClients, type Measure, secondsOf } from "./measure.ts";

const CLIENTS = 16;

/** Samples of one call after another, each timed alone; the median in milliseconds. */
async function medianMs(samples: number, call: () => Promise<() => Promise<unknown>>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < samples; at += 1) {
    const timed = await call();
    times.push((await secondsOf(timed)) * 1_000);
  }
  return percentile(times, 0.5);
}

export const runLatency: Measure = {
  name: "one run, one node (runs/wait)",
  unit: "ms",
  better: "lower",
  aim: 40,
  take: (client, effort) =>
    medianMs(4 * effort, async () => {
      const { thread_id } = await client.threads.create();
      return () => client.runs.wait(thread_id, "trivial", { input: { count: 0 }, ...DURABILITY });
    }),
};

export const lastEvent: Measure = {
  name: "request to end of stream (runs/stream)",
  unit: "ms",
  better: "lower",
  aim: 40,
  take: (client, effort) =>
    medianMs(4 * effort, async () => {
      const { thread_id } = await client.threads.create();
      return async () => {
        for await (const _ of client.runs.stream(thread_id, "trivial", { input: { count: 0 }, streamMode: "updates", ...DURABILITY }));
      };
    }),
};

export const resumeLatency: Measure = {
  name: "resume after an interrupt",
  unit: "ms",
  better: "lower",
  aim: 40,
  take: (client, effort) =>
    medianMs(3 * effort, async () => {
      const { thread_id } = await client.threads.create();
      await client.runs.wait(thread_id, "ask", { input: { answer: null }, ...DURABILITY });
      return () => client.runs.wait(thread_id, "ask", { command: { resume: "yes" }, ...DURABILITY });
    }),
};

export const runsPerSecond: Measure = {
  name: `runs per second, ${CLIENTS} clients`,
  unit: "runs/s",
  better: "higher",
  aim: 7,
  take: async (client, effort) => {
    const total = 24 * effort;
    const seconds = await secondsOf(() =>
      fromClients(CLIENTS, total, async () => {
        const { thread_id } = await client.threads.create();
        await client.runs.wait(thread_id, "trivial", { input: { count: 0 }, ...DURABILITY });
      }),
    );
    return total / seconds;
  },
};

export const stepsPerSecond: Measure = {
  name: `steps per second, ${CLIENTS} clients`,
  unit: "steps/s",
  better: "higher",
  aim: 7,
  take: async (client, effort) => {
    const total = 16 * effort;
    const seconds = await secondsOf(() =>
      fromClients(CLIENTS, total, async () => {
        const { thread_id } = await client.threads.create();
        await client.runs.wait(thread_id, "ten_steps", { input: { count: 0 }, ...DURABILITY });
      }),
    );
    return (total * 10) / seconds;
  },
};

export const customEventsPerSecond: Measure = {
  name: "custom events per second, one stream",
  unit: "events/s",
  better: "higher",
  aim: null,
  take: async (client, effort) => {
    const events = 2_000 * Math.min(effort, 5);
    const { thread_id } = await client.threads.create();
    let seen = 0;
    const seconds = await secondsOf(async () => {
      for await (const part of client.runs.stream(thread_id, "custom_events", { input: { events }, streamMode: "custom", ...DURABILITY }))
        if (part.event === "custom") seen += 1;
    });
    if (seen !== events) throw new Error(`${seen} of ${events} custom events arrived`);
    return events / seconds;
  },
};
