import type { Config } from "#config";
import { AppError } from "#errors";
import type { LanggraphProject } from "#runtime/langgraph-project.ts";

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}

/**
 * Whoever reaches a server without authentication is its owner. So only this machine may, unless the project brings an `auth`.
 *
 * @throws AppError `invalid_config`
 */
export function refuseOpenNetwork(config: Pick<Config, "HOST">, project: LanggraphProject): void {
  if (isLoopback(config.HOST) || project.settings.auth !== undefined) return;
  throw new AppError(
    "invalid_config",
    `HOST=${config.HOST} can be reached from the network, and ${project.configPath} has no auth. Give it one ("auth": {"path": "./auth.ts:auth"}), or keep HOST on 127.0.0.1.`,
  );
}
