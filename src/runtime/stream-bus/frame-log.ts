import type { StreamFrame } from "#protocol/wire.ts";

/** Event name of the internal end marker; no graph can stream under it. */
export const END_EVENT = "__end__";

export interface RunFrames {
  runId: string;
  frames: readonly StreamFrame[];
  /** What their publisher still has of the run, oldest first, up to now: fills up a log that lost what it had. Empty when it has nothing. */
  kept(): readonly StreamFrame[];
  /** Highest number that their publisher dropped from what it keeps, -1 when it dropped nothing: what came from others before stays. */
  trimmed(): number;
}

/** Where frames are kept for other processes: what a bus between processes is made of. */
export interface FrameLog extends AsyncDisposable {
  /** Appends in order; frames that are there already are skipped. Hints every process afterwards. */
  append(batch: readonly RunFrames[]): Promise<void>;
  /** Frames after a number, oldest first, the end marker among them. */
  read(runId: string, after: number, limit: number): Promise<StreamFrame[]>;
  /** Highest number of a frame that is not the end marker, -1 for none. */
  last(runId: string): Promise<number>;
  /** Whether the run's stream is closed: its end marker is there. */
  ended(runId: string): Promise<boolean>;
  forget(runId: string): Promise<void>;
  /** Calls back when another process appended to a run; `null`: anything may have changed. */
  listen(onHint: (runId: string | null) => void): Promise<void>;
}

/** Everything that the publisher has of the run up to the end of these frames. */
export function wholeRun({ frames, kept }: RunFrames): StreamFrame[] {
  const first = Number(frames[0]?.id);
  return [...kept().filter((frame) => Number(frame.id) < first), ...frames];
}
