/** What is counted. Labels come from small closed sets: never an id, a name or anything a person wrote. */
export interface RuntimeMetrics {
  /** A run was taken for the first time; seconds since it was due. */
  runClaimed(delaySeconds: number): void;
  /** A run ended; seconds since it was first taken. */
  runEnded(status: "success" | "error" | "timeout" | "interrupted" | "rolled_back", seconds: number): void;
  webhookSent(outcome: "delivered" | "failed" | "dead"): void;
}

export interface ServerMetrics {
  /** `route` is the template (`/threads/:thread_id`), never the address. */
  answered(request: { method: string; route: string; status: number }, seconds: number): void;
  /** An event stream was opened; call the answer when it closes. */
  streamOpened(): () => void;
}

export interface MetricsService {
  contentType: string;
  /** In the text format of Prometheus. */
  text(): Promise<string>;
  json(): Promise<unknown[]>;
}
