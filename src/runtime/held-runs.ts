export interface HeldRun {
  runId: string;
  epoch: number;
  /** Until when it may be kept alive, in milliseconds since 1970: a run must not outlive its time limit because its process hangs. */
  until: number;
}

/** More than a worker may hold (N_JOBS_PER_WORKER is at most 1,000), with room for what is being replaced. */
const SLOTS = 4_096;
/** A slot: version, 4 bytes unused, epoch (0: free), until, the run's id. */
const SLOT_BYTES = 40;
const HEADER_BYTES = 8;
export const HELD_RUNS_BYTES = HEADER_BYTES + SLOTS * SLOT_BYTES;

/**
 * The runs that a process holds, in memory that its heartbeat thread reads: the main thread writes, and nobody is woken for it. A message to the
 * thread at the start and the end of each run costs both threads more than the rest of a short run's bookkeeping.
 *
 * A slot's version is odd while it is written. A reader that meets an odd or a changed version reads the slot again; the writer never waits.
 */
export class HeldRuns {
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  /** The writer's only: where each run stands, and which places below the highest are free. */
  readonly #slots = new Map<string, { slot: number; epoch: number }>();
  readonly #free: number[] = [];

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#view = new DataView(memory);
    this.#bytes = new Uint8Array(memory);
  }

  hold({ runId, epoch, until }: HeldRun): void {
    const slot = this.#slots.get(runId)?.slot ?? this.#free.pop() ?? this.#highest();
    if (slot >= SLOTS) throw new RangeError(`More than ${SLOTS} runs are held at once.`);
    this.#slots.set(runId, { slot, epoch });
    this.#write(slot, () => {
      const at = offsetOf(slot);
      this.#view.setFloat64(at + 8, epoch);
      this.#view.setFloat64(at + 16, until);
      this.#bytes.set(Buffer.from(runId.replaceAll("-", ""), "hex"), at + 24);
    });
    if (slot >= this.#highest()) Atomics.store(this.#words, 0, slot + 1);
  }

  /** Nothing when the run is held under another epoch by now. */
  drop(runId: string, epoch: number): void {
    const held = this.#slots.get(runId);
    if (held?.epoch !== epoch) return;
    this.#slots.delete(runId);
    this.#write(held.slot, () => this.#view.setFloat64(offsetOf(held.slot) + 8, 0));
    this.#free.push(held.slot);
  }

  /** What is held now, as any thread sees it. */
  all(): HeldRun[] {
    const held: HeldRun[] = [];
    for (let slot = 0; slot < this.#highest(); slot += 1) {
      const run = this.#read(slot);
      if (run !== null) held.push(run);
    }
    return held;
  }

  /** How many slots were ever used. */
  #highest(): number {
    return Atomics.load(this.#words, 0);
  }

  #write(slot: number, fill: () => void): void {
    const version = offsetOf(slot) / 4;
    Atomics.add(this.#words, version, 1);
    fill();
    Atomics.add(this.#words, version, 1);
  }

  #read(slot: number): HeldRun | null {
    const at = offsetOf(slot);
    for (;;) {
      const before = Atomics.load(this.#words, at / 4);
      const epoch = this.#view.getFloat64(at + 8);
      const until = this.#view.getFloat64(at + 16);
      const id = this.#bytes.slice(at + 24, at + 40);
      if (before % 2 !== 0 || Atomics.load(this.#words, at / 4) !== before) continue;

      return epoch === 0 ? null : { runId: textOf(id), epoch, until };
    }
  }
}

function offsetOf(slot: number): number {
  return HEADER_BYTES + slot * SLOT_BYTES;
}

function textOf(id: Uint8Array): string {
  return Buffer.from(id)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
