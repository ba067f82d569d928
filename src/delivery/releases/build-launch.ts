import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { releases } from "#db/schema/releases.ts";
import { appPaths, releaseName } from "./app-paths.ts";
import type { Sandbox, SandboxBind } from "../sandbox/sandbox.ts";
import type { SecretVault } from "../secrets/vault.ts";
import type { Launch } from "../supervisor/protocol.ts";

/** Names whose values only Slipway knows; configuration and secrets of these names are ignored. */
export const COMPUTED_NAMES: readonly string[] = ["PORT", "HOST", "RELEASE", "STORAGE_DIR", "PATH", "HOME", "TMPDIR"];

export interface LaunchInput {
  row: typeof releases.$inferSelect;
  port: number;
  slug: string;
  dataDir: string;
  sandbox: Sandbox;
  vault: SecretVault;
}

const SIMPLE_COMMAND = /^[\w@%+:,./-]+(?: +[\w@%+=:,./-]+)*$/;

/**
 * The program of a start command. Plain words are started directly; anything else by a shell that outlives a SIGTERM to its group until
 * its child has ended, for the child may be answering its last requests.
 */
function startArguments(command: string): string[] {
  const trimmed = command.trim();
  return SIMPLE_COMMAND.test(trimmed) ? trimmed.split(/ +/) : ["/bin/sh", "-c", `trap : TERM INT HUP\n${trimmed}`];
}

/**
 * How to start a release: confined to its read-only directory and its storage, on the machine's network, with exactly the environment
 * it was approved with. The secret values in it never leave the memory of the server, the supervisor and the process itself.
 */
export async function buildLaunch({ row, port, slug, dataDir, sandbox, vault }: LaunchInput): Promise<Launch> {
  const paths = appPaths(dataDir, slug);
  await mkdir(paths.storage, { recursive: true, mode: 0o700 });
  await mkdir(paths.logs, { recursive: true, mode: 0o700 });
  const code: SandboxBind = { source: join(paths.releases, releaseName(row)), target: "/app", mode: "ro" };
  const storage: SandboxBind = { source: paths.storage, target: "/storage", mode: "rw" };
  await sandbox.grant(paths.storage, row.projectId);
  const secrets = await vault.open(row.projectId, row.secretReferences);
  const command = sandbox.command({
    argv: startArguments(row.startCommand),
    cwd: sandbox.inside(code),
    binds: [code, storage],
    network: "host",
    identity: row.projectId,
    dieWithParent: false,
    limits: { cpuSeconds: null },
    env: {
      NODE_ENV: "production",
      PYTHONUNBUFFERED: "1",
      PYTHONDONTWRITEBYTECODE: "1",
      ...withoutComputed(row.publicEnvironment),
      ...withoutComputed(Object.fromEntries(secrets)),
      PORT: String(port),
      HOST: "127.0.0.1",
      RELEASE: row.id,
      STORAGE_DIR: sandbox.inside(storage),
    },
  });
  return { file: command.file, args: command.args, cwd: "/", environment: command.env, masks: await vault.masks(row.projectId) };
}

function withoutComputed(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !COMPUTED_NAMES.includes(name)));
}
