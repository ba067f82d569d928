import { runStatuses } from "#db/queries/run-statuses.ts";
import type { Sql } from "#db/queries/sql.ts";
import type { RunStatus } from "#protocol/wire.ts";

/** How long questions are gathered. */
const GATHER_MS = 50;

/** Answers where runs stand. Ten thousand idle streams ask every few seconds: their questions go to the database together. */
export class RunStatuses {
  readonly #sql: Sql;
  #asked: Set<string> | null = null;
  #answers: Promise<Map<string, RunStatus>> | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Null for a run that is gone. Rejects when the database is away. */
  async of(runId: string): Promise<RunStatus | null> {
    this.#asked ??= new Set();
    this.#asked.add(runId);
    this.#answers ??= this.#gather();
    return (await this.#answers).get(runId) ?? null;
  }

  async #gather(): Promise<Map<string, RunStatus>> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    const asked = this.#asked ?? new Set();
    this.#asked = null;
    this.#answers = null;
    return runStatuses(this.#sql, [...asked]);
  }
}
