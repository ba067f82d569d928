import type { Command, CommandAnswer } from "#protocol/v2/commands.ts";
import type { EventsFilter } from "#protocol/v2/events-filter.ts";
import type { StreamFrame } from "#protocol/wire.ts";
import type { Caller } from "../caller.ts";

/** Protocol v2: a thread is commanded and followed as a whole. */
export interface ThreadProtocolService {
  /**
   * Never about subscriptions: those belong to a connection. What is wrong with the command's params is an answer of type `error`; what is
   * wrong with the caller, the thread or the assistant is thrown.
   */
  command(caller: Caller, threadId: string, command: Command, extra: { headers: Record<string, string> }): Promise<CommandAnswer>;
  /**
   * The thread's events that pass any of the filters: those kept after `since`, then what comes, over all runs, until the signal. A frame's id is the event's, its name the
   * event's method, its data the whole event. A thread that is not there yet is waited for. Where events after `since` are not kept any more,
   * the current state comes in their place.
   */
  events(
    caller: Caller,
    threadId: string,
    wanted: { filters: readonly EventsFilter[]; since: number },
    signal: AbortSignal,
  ): Promise<AsyncIterable<StreamFrame>>;
  /** Events that are kept, pass the filter, come after its `since`, and are numbered up to `upTo`. */
  kept(caller: Caller, threadId: string, filter: EventsFilter, upTo: number, signal: AbortSignal): Promise<AsyncIterable<StreamFrame>>;
}
