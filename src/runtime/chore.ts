/** Something that is looked after again and again: a table that is swept. Any number of processes do it side by side; SKIP LOCKED shares the work. */
export interface Chore {
  /** For the log. */
  readonly name: string;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** Does what is due. Never runs twice at once in a process; a failure is logged and the next look tries again. */
  run(): Promise<void>;
}
