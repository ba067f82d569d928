import type { StreamBus } from "./stream-bus/bus.ts";
import { toJson } from "./serialise.ts";

/** Room left in the counter after a crash: frames may have been seen by clients that the bus lost. */
const CRASH_GAP = 1_000;

/** Numbers and publishes the frames of one attempt of a run. */
export class FrameWriter {
  readonly #bus: StreamBus;
  readonly #runId: string;
  #next: number;

  private constructor(bus: StreamBus, runId: string, next: number) {
    this.#bus = bus;
    this.#runId = runId;
    this.#next = next;
  }

  /** `crashed`: the attempt before this one ended without saying so. */
  static async open(bus: StreamBus, run: { run_id: string; attempt: number; crashes: number }): Promise<FrameWriter> {
    if (run.attempt <= 1) return new FrameWriter(bus, run.run_id, 0);
    const last = await bus.last(run.run_id);
    const gap = run.crashes > 0 || last < 0 ? run.attempt * CRASH_GAP : 0;
    return new FrameWriter(bus, run.run_id, last + 1 + gap);
  }

  /** Returns the JSON that was sent. */
  write(event: string, data: unknown): string {
    const json = toJson(data);
    this.writeJson(event, json);
    return json;
  }

  /** The same for what is JSON already. */
  writeJson(event: string, json: string): void {
    this.#bus.publish(this.#runId, [{ id: String(this.#next), event, data: json }]);
    this.#next += 1;
  }
}
