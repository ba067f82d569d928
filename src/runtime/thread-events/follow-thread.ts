import { isPrefixMatch } from "@langchain/langgraph/stream";
import { findThread } from "#db/queries/find-thread.ts";
import { type ThreadForReader, threadForReader } from "#db/queries/thread-sequence.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import type { Access } from "#ports/access.ts";
import type { EventsFilter } from "#protocol/v2/events-filter.ts";
import type { StreamFrame } from "#protocol/wire.ts";
import { withValues } from "../thread-values.ts";
import { threadNotFound } from "../must-find.ts";
import type { RuntimeContext } from "../runtime-context.ts";
import { eventFrame, type EventBody, readFrameName } from "./event-frame.ts";
import { stateMessage } from "./state-message.ts";

export interface FollowThread {
  threadId: string;
  /** Asked anew at every run: what a caller may see can change while a stream is open. */
  access: () => Promise<Access>;
  /** An event that passes any of them is wanted. */
  filters: readonly EventsFilter[];
  since: number;
  signal: AbortSignal;
}

/** Whether the thread is there; somebody else's is `not_found`, one that nobody has made yet is waited for. */
export async function mustBeVisible(context: RuntimeContext, threadId: string, access: Access): Promise<ThreadForReader | null> {
  const thread = await threadForReader(context.database.sql, threadId, access);
  if (thread !== null && !thread.within) throw threadNotFound(threadId);
  return thread;
}

/**
 * A thread's events over all its runs, until the signal. `thread`: what {@link mustBeVisible} said. A stream that is opened before its thread
 * exists must not show somebody else's, so whose it is is looked up again with the first event and with every run's first.
 */
export async function* followThread(context: RuntimeContext, follow: FollowThread, thread: ThreadForReader | null): AsyncGenerator<StreamFrame> {
  const { threadId, filters, signal } = follow;
  let after = follow.since;
  let seen = thread !== null;
  if (thread !== null && thread.seq > after && (await context.bus.last(threadId)) < 0) {
    // at rest the number is that of the last event; while a run is on it is one that no event has yet
    if (thread.rests) after = thread.seq;
    yield* currentState(context, follow, after);
  }
  for await (const event of context.bus.subscribe(threadId, { after, signal })) {
    if (event.kind === "gap") {
      if (seen) yield* currentState(context, follow, event.next - 1);
      continue;
    }
    const { frame } = event;
    const name = readFrameName(frame.event);
    if (!seen || startsRun(name, frame.data)) {
      await mustBeVisible(context, threadId, await follow.access());
      seen = true;
    }
    if (filters.some((filter) => isWanted(name, filter, Number(frame.id)))) yield { id: frame.id, event: methodOf(name.channel), data: frame.data };
  }
}

/** As clients get them. */
export function wireFrame(frame: StreamFrame): StreamFrame {
  return { id: frame.id, event: methodOf(readFrameName(frame.event).channel), data: frame.data };
}

/** Events that are kept now, as the bus has them; ends at the newest. */
export async function* keptEvents(context: RuntimeContext, threadId: string, after: number, signal: AbortSignal): AsyncGenerator<StreamFrame> {
  const last = await context.bus.last(threadId);
  if (last <= after) return;
  for await (const event of context.bus.subscribe(threadId, { after, signal })) {
    if (event.kind === "gap") continue;
    yield event.frame;
    if (Number(event.frame.id) >= last) return;
  }
}

/** `seq` null: an event that stands for others, wherever the filter begins. */
export function isWanted(name: { channel: string; namespace: string[] }, filter: EventsFilter, seq: number | null): boolean {
  const { channel, namespace } = name;
  if (seq !== null && seq <= (filter.since ?? 0)) return false;
  if (!filter.channels.includes(channel) && !(channel.startsWith("custom:") && filter.channels.includes("custom"))) return false;
  const { namespaces, depth } = filter;
  if (!namespaces || namespaces.length === 0) return true;
  return namespaces.some((prefix) => isPrefixMatch(namespace, prefix) && (depth === null || depth === undefined || namespace.length - prefix.length <= depth));
}

function startsRun(name: { channel: string; namespace: string[] }, data: string): boolean {
  return name.channel === "lifecycle" && name.namespace.length === 0 && data.includes('"event":"running"');
}

function methodOf(channel: string): string {
  if (channel === "input") return "input.requested";
  return channel.startsWith("custom:") ? "custom" : channel;
}

/**
 * Where the thread stands, for a reader whose events are not kept any more. All under the number before the next event, and under ids of
 * their own: clients drop an event whose id they know.
 */
async function* currentState(context: RuntimeContext, follow: FollowThread, seq: number): AsyncGenerator<StreamFrame> {
  let thread = await findThread(context.database.sql, follow.threadId, await follow.access());
  if (thread === null) return;
  thread = await withValues(context, thread);
  const at = thread.updated_at.getTime();
  for (const [index, body] of stateEvents(thread, at).entries()) {
    const frame = eventFrame(body, seq, stateMessage, `state-${seq}-${at}-${index}`);
    const name = readFrameName(frame.event);
    if (follow.filters.some((filter) => isWanted(name, filter, null))) yield { id: `state-${seq}-${at}-${index}`, event: body.method, data: frame.data };
  }
}

const STANDS = { idle: "completed", interrupted: "interrupted", error: "failed" } as const;

function stateEvents(thread: ThreadRow, timestamp: number): EventBody[] {
  const root = { namespace: [], timestamp };
  const values: EventBody[] = thread.values === null ? [] : [{ ...root, method: "values", data: thread.values }];
  const asked = Object.values(thread.interrupts)
    .flat()
    .map((interrupt): EventBody => ({ ...root, method: "input.requested", data: { interrupt_id: interrupt.id, payload: interrupt.value } }));
  if (thread.status === "busy") return [...values, ...asked];
  const graph = thread.graph_id === null ? {} : { graph_name: thread.graph_id };
  return [...values, ...asked, { ...root, method: "lifecycle", data: { event: STANDS[thread.status], ...graph } }];
}
