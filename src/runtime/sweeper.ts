import type { Chore } from "./chore.ts";
import { sweepOutbox } from "./outbox.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import type { Worker } from "./worker.ts";

const SWEEP_MS = 1_000;

/** Looks at the tables once a second, and does each chore in its own time: what no hint brought is found here. */
export class Sweeper {
  readonly #context: RuntimeContext;
  readonly #worker: Worker;
  readonly #chores: readonly Chore[];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #atWork = new Map<Chore, Promise<void>>();
  readonly #due = new Set<Chore>();
  readonly #wakeUps: Chore;

  constructor(context: RuntimeContext, worker: Worker, chores: readonly Chore[]) {
    this.#context = context;
    this.#worker = worker;
    this.#wakeUps = {
      name: "the outbox",
      everyMs: SWEEP_MS,
      run: async () => {
        if ((await sweepOutbox(context)) > 0) worker.look();
      },
    };
    this.#chores = [this.#wakeUps, ...chores];
  }

  start(): void {
    this.#every(SWEEP_MS, () => this.#worker.look({ expired: true }));
    for (const chore of this.#chores) this.#every(chore.everyMs, () => this.#do(chore));
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#due.clear();
    await Promise.all(this.#atWork.values());
  }

  /** Looks for work at once, also for what others dropped. */
  sweep(): void {
    this.#worker.look({ expired: true });
    this.wakeParents();
  }

  /** Turns due outbox rows into runs. */
  wakeParents(): void {
    this.#do(this.#wakeUps);
  }

  /** Does a chore that something is known to be due for. */
  now(chore: Chore): void {
    this.#do(chore);
  }

  #every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms);
    timer.unref();
    this.#timers.push(timer);
  }

  #do(chore: Chore): void {
    if (this.#atWork.has(chore)) {
      // what became due after the statement was sent is not in its answer
      this.#due.add(chore);
      return;
    }
    const work = chore
      .run()
      .catch((error: unknown) => this.#context.log.warn({ err: error }, `${chore.name} could not be swept; the next sweep tries again`))
      .finally(() => {
        this.#atWork.delete(chore);
        if (this.#due.delete(chore) && this.#timers.length > 0) this.#do(chore);
      });
    this.#atWork.set(chore, work);
  }
}
