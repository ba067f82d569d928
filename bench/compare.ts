import { Client } from "@langchain/langgraph-sdk";
import { type Figure, figure, rounded } from "./figures.ts";
import { growthOverTurns, type Growth } from "./measures/long-conversation.ts";
import type { Measure } from "./measures/measure.ts";
import { customEventsPerSecond, lastEvent, resumeLatency, runLatency, runsPerSecond, stepsPerSecond } from "./measures/runs.ts";
import type { MeasuredServer } from "./servers/measured-server.ts";

const MEASURES: readonly Measure[] = [runLatency, lastEvent, resumeLatency, runsPerSecond, stepsPerSecond, customEventsPerSecond];
/** Samples a round of a fast server, for one of the slow one. */
const FAST_EFFORT = 12;
const SLOW_EFFORT = 1;

export interface Compared {
  measure: string;
  unit: string;
  /** By server's name. */
  figures: Record<string, Figure>;
  /** How many times better than the peer, by server's name; from the medians. */
  times_better: Record<string, number>;
  aim: number | null;
}

/**
 * Takes every measure of every server, in turns, `rounds` times after one that is thrown away. All servers run all the time, so that what the
 * machine does besides meets them alike.
 */
export async function compare(servers: readonly MeasuredServer[], rounds: number, say: (line: string) => void): Promise<Compared[]> {
  const clients = new Map(servers.map((server) => [server, new Client({ apiUrl: server.url, apiKey: null, callerOptions: { maxRetries: 0 } })]));
  const results: Compared[] = [];
  for (const measure of MEASURES) {
    const taken = new Map<string, number[]>();
    for (let round = -1; round < rounds; round += 1) {
      for (const [server, client] of clients) {
        const value = await measure.take(client, server.name === "peer" ? SLOW_EFFORT : FAST_EFFORT);
        if (round >= 0) taken.set(server.name, [...(taken.get(server.name) ?? []), value]);
      }
    }
    const figures = Object.fromEntries([...taken].map(([name, values]) => [name, figure(values)]));
    results.push({ measure: measure.name, unit: measure.unit, figures, times_better: timesBetter(measure, figures), aim: measure.aim });
    say(lineOf(results.at(-1)!));
  }
  return results;
}

function timesBetter(measure: Measure, figures: Record<string, Figure>): Record<string, number> {
  const peer = figures["peer"]?.median;
  if (peer === undefined) return {};
  return Object.fromEntries(
    Object.entries(figures)
      .filter(([name]) => name !== "peer")
      .map(([name, { median }]) => [name, rounded(measure.better === "lower" ? peer / median : median / peer)]),
  );
}

function lineOf({ measure, unit, figures, times_better, aim }: Compared): string {
  const parts = Object.entries(figures).map(([name, { median, min, max }]) => {
    const times = times_better[name];
    return `${name} ${median} ${unit} (${min}–${max})${times === undefined ? "" : ` ${times}×`}`;
  });
  return `${measure.padEnd(42)} ${parts.join("   ")}${aim === null ? "" : `   aim ${aim}×`}`;
}

/** The cost of a turn as a conversation grows, on each server. The peer's turns take half a second each, so it is done once. */
export async function compareGrowth(servers: readonly MeasuredServer[], turns: number): Promise<Record<string, Growth>> {
  const growth: Record<string, Growth> = {};
  for (const server of servers) {
    growth[server.name] = await growthOverTurns(new Client({ apiUrl: server.url, apiKey: null, callerOptions: { maxRetries: 0 } }), turns);
  }
  return growth;
}
