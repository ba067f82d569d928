import type { StreamFrame } from "#protocol/wire.ts";
import { type Reshape, toJson } from "../serialise.ts";

/** An event of protocol v2 but its number. */
export interface EventBody {
  method: "values" | "updates" | "messages" | "tools" | "lifecycle" | "input.requested" | "checkpoints" | "tasks" | "custom";
  namespace: readonly string[];
  /** Milliseconds since 1970. */
  timestamp: number;
  /** For updates: the node that made it. */
  node?: string;
  data: unknown;
}

/**
 * An event as the bus carries it. The frame's name holds what filters look at, `[channel, ...namespace]` as JSON, so that a watcher need not
 * parse what it does not send; its data is the event as clients get it.
 */
export function eventFrame(body: EventBody, seq: number, reshape?: Reshape, eventId = String(seq)): StreamFrame {
  const { method, namespace, timestamp, node, data } = body;
  const event = { type: "event", event_id: eventId, seq, method, params: { namespace, timestamp, ...(node === undefined ? {} : { node }), data } };
  return { id: String(seq), event: JSON.stringify([channelOf(body), ...namespace]), data: toJson(event, reshape) };
}

function channelOf({ method, data }: EventBody): string {
  if (method === "input.requested") return "input";
  if (method !== "custom" || typeof data !== "object" || data === null || !("name" in data) || data.name === undefined || data.name === null) return method;
  return `custom:${String(data.name)}`;
}

/** The reverse of what {@link eventFrame} writes into a frame's name. */
export function readFrameName(name: string): { channel: string; namespace: string[] } {
  const [channel = "", ...namespace] = JSON.parse(name) as string[];
  return { channel, namespace };
}
