import type { Config } from "#config";
import type { ServerLimits } from "#ports/identity.ts";

/** What the environment allows anybody. */
export function serverLimits(config: Config): ServerLimits {
  return {
    requests_per_minute: config.RATE_LIMIT_PER_MINUTE,
    runs: config.MAX_RUNS_PER_USER,
    streams: config.MAX_STREAMS_PER_USER,
    body_bytes: config.MAX_BODY_BYTES,
  };
}
