import { sweepTemporaryThreads } from "#db/queries/sweep-temporary-threads.ts";
import { sweepOutbox } from "./outbox.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import type { Worker } from "./worker.ts";

const SWEEP_MS = 1_000;
const CLEAN_EVERY = 30;
/** How long the thread of a stateless run stays readable for whoever waits for it. */
const TEMPORARY_SECONDS = 60;

/** Looks at the tables once a second: what no hint brought is found here. Every process sweeps; SKIP LOCKED shares the work. */
export class Sweeper {
  readonly #context: RuntimeContext;
  readonly #worker: Worker;
  #timer: NodeJS.Timeout | null = null;
  #waking: Promise<void> | null = null;
  #wakeAgain = false;
  #cleaning: Promise<void> | null = null;
  #count = 0;

  constructor(context: RuntimeContext, worker: Worker) {
    this.#context = context;
    this.#worker = worker;
  }

  start(): void {
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#waking;
    await this.#cleaning;
  }

  sweep(): void {
    this.#worker.look({ expired: true });
    this.wakeParents();
    this.#count += 1;
    if (this.#count % CLEAN_EVERY === 0) this.#clean();
  }

  /** Turns due outbox rows into runs. */
  wakeParents(): void {
    if (this.#waking !== null) {
      this.#wakeAgain = true;
      return;
    }
    this.#waking = sweepOutbox(this.#context)
      .then(
        (woken) => void (woken > 0 && this.#worker.look()),
        (error: unknown) => this.#context.log.warn({ err: error }, "the outbox could not be swept; the next sweep tries again"),
      )
      .finally(() => {
        this.#waking = null;
        if (this.#wakeAgain && this.#timer !== null) {
          this.#wakeAgain = false;
          this.wakeParents();
        }
      });
  }

  #clean(): void {
    this.#cleaning ??= this.#sweepTemporary()
      .catch((error: unknown) => this.#context.log.warn({ err: error }, "temporary threads could not be swept"))
      .finally(() => (this.#cleaning = null));
  }

  async #sweepTemporary(): Promise<void> {
    for (const threadId of await sweepTemporaryThreads(this.#context.database.sql, TEMPORARY_SECONDS)) await this.#context.checkpointer.deleteThread(threadId);
  }
}
