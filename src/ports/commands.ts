/** How strongly commands are confined on this machine, strongest first. */
export type SandboxLevel = "bubblewrap" | "namespaces" | "sandbox-exec" | "docker" | "none";

export type ExitReason = "exited" | "timeout" | "output_limit" | "out_of_memory" | "killed" | "infrastructure";

export interface CommandResult {
  /** Null when the process did not exit by itself. */
  exitCode: number | null;
  reason: ExitReason;
  /** stdout and stderr interleaved, cut in the middle above 16,000 characters, secrets masked. */
  output: string;
  truncated: boolean;
  durationMs: number;
}

export interface CommandsPort {
  readonly sandbox: SandboxLevel;
  /**
   * Runs a shell line in the delivery's workspace inside the sandbox: no network, system read-only, CPU, memory, process and
   * time limits; the whole process group is killed at the end. A failing command is a result, not an error.
   */
  run(input: { deliveryId: string; command: string; timeoutMs?: number; signal?: AbortSignal }): Promise<CommandResult>;
}
