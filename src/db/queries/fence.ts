/** Who writes: refused unless that run is still running under that epoch. */
export interface Fence {
  readonly runId: string;
  readonly epoch: number;
  /** The run's thread, if nothing had been written to it when the run was claimed. */
  readonly freshThread?: string | null | undefined;
}
