import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { AppError } from "#errors";
import { ignoredKeys, LanggraphJson, type LanggraphSettings } from "#protocol/langgraph-json.ts";

/** A langgraph.json, read: ours or anyone's. */
export interface LanggraphProject {
  /** Absolute path of the file. */
  readonly configPath: string;
  /** Its folder, which all paths in it start from. */
  readonly folder: string;
  readonly settings: LanggraphSettings;
  /** Absolute path of the file that `env` names; null when it names none. It may be missing. */
  readonly envFile: string | null;
  /** What it says that has no effect here, one in words each. */
  readonly ignored: readonly string[];
}

export interface ReadProjectOptions {
  /** Path of a langgraph.json, ours or anyone's. */
  configPath: string;
  /** Where its `env` goes; names that are set already win. */
  environment: Record<string, string | undefined>;
}

/**
 * Reads a langgraph.json and puts its `env` into the environment. Nothing of the project is loaded yet.
 *
 * @throws AppError `invalid_config` when the file is missing, is not JSON, or has another shape.
 */
export async function readLanggraphProject(options: ReadProjectOptions): Promise<LanggraphProject> {
  const configPath = resolve(options.configPath);
  const folder = dirname(configPath);
  const json = await readJsonFile(configPath);
  const parsed = LanggraphJson.safeParse(json);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.message}`);
    throw new AppError("invalid_config", `${configPath} does not have the shape of a langgraph.json:\n  ${lines.join("\n  ")}`);
  }
  const { env } = parsed.data;
  const envFile = typeof env === "string" ? resolve(folder, env) : null;
  const values = typeof env === "object" ? env : await readEnvFile(envFile);
  for (const [name, value] of Object.entries(values)) options.environment[name] ??= String(value);
  const ignored = [...ignoredKeys(json), ...(envFile === null || existsSync(envFile) ? [] : [`env (there is no file ${envFile})`])];
  return { configPath, folder, settings: parsed.data, envFile, ignored };
}

async function readJsonFile(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (isFolder(path)) throw new AppError("invalid_config", `${path} is a folder. Set LANGGRAPH_JSON to ${join(path, "langgraph.json")}.`, { cause });
    throw new AppError("invalid_config", `There is no ${path}. Set LANGGRAPH_JSON to the langgraph.json of the project to serve.`, { cause });
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new AppError("invalid_config", `${path} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A .env file that is not there is common in a fresh clone and no reason to refuse. */
async function readEnvFile(path: string | null): Promise<Record<string, string | undefined>> {
  return path !== null && existsSync(path) ? parseEnv(await readFile(path, "utf8")) : {};
}
