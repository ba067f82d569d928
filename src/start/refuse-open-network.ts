import type { Config } from "#config";
import { AppError } from "#errors";
import type { LanggraphProject } from "#runtime/langgraph-project.ts";

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}

/**
 * Whoever reaches a server without authentication is its owner. So only this machine may, unless `AUTH` is set or the project brings an
 * `auth`. A `SERVICE_KEY` alone says nothing of those who do not have it.
 *
 * @throws AppError `invalid_config`
 */
export function refuseOpenNetwork(config: Pick<Config, "HOST" | "AUTH">, project: LanggraphProject): void {
  if (isLoopback(config.HOST) || config.AUTH.length > 0 || project.settings.auth !== undefined) return;
  throw new AppError(
    "invalid_config",
    `HOST=${config.HOST} can be reached from the network, and nothing says who may. Set AUTH (AUTH=api-key needs nothing else), give ${project.configPath} an auth ("auth": {"path": "./auth.ts:auth"}), or keep HOST on 127.0.0.1.`,
  );
}
