import type { Client } from "@langchain/langgraph-sdk";
import { percentile, rounded } from "../figures.ts";
import { DURABILITY, secondsOf } from "./measure.ts";

const MESSAGE_BYTES = 1_000;

/** What a turn costs at the beginning and at the end of one conversation, in milliseconds, and how many times more that is. */
export interface Growth {
  turns: number;
  first_ms: number;
  last_ms: number;
  times: number;
}

/** Talks for `turns` turns of 2 KB on one thread. */
export async function growthOverTurns(client: Client, turns: number): Promise<Growth> {
  const { thread_id } = await client.threads.create();
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const content = `${turn} `.repeat(MESSAGE_BYTES).slice(0, MESSAGE_BYTES);
    const input = { messages: [{ role: "user", content }] };
    times.push((await secondsOf(() => client.runs.wait(thread_id, "talk", { input, ...DURABILITY }))) * 1_000);
  }
  const edge = Math.max(3, Math.floor(turns / 10));
  // the first turn warms what no other thread has used
  const first = percentile(times.slice(1, 1 + edge), 0.5);
  const last = percentile(times.slice(-edge), 0.5);
  return { turns, first_ms: rounded(first), last_ms: rounded(last), times: rounded(last / first) };
}
