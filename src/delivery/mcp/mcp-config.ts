import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { AppError } from "#errors";

const Texts = z.record(z.string(), z.string());
const Process = z.object({ command: z.string().min(1), args: z.array(z.string()).default([]), env: Texts.default({}), cwd: z.string().optional() });
const Remote = z.object({ url: z.string().min(1), type: z.enum(["http", "streamable-http", "sse"]).default("http"), headers: Texts.default({}) });
const McpJson = z.object({ mcpServers: z.record(z.string().min(1), z.union([Remote, Process])) });

export type McpServerConfig =
  | {
      readonly kind: "process";
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string;
    }
  | { readonly kind: "http" | "sse"; readonly url: string; readonly headers: Readonly<Record<string, string>> };

export interface NamedServer {
  readonly name: string;
  readonly config: McpServerConfig;
  /** Variables that it refers to and that are not set; it cannot be started. */
  readonly missing: readonly string[];
  /** What must not be shown: the values of the variables it refers to, and of its environment and headers. */
  readonly secrets: readonly string[];
}

/**
 * A `.mcp.json`: `{"mcpServers": {name: {command, args, env} | {url, headers}}}`. `${NAME}` and `${NAME:-otherwise}` in any text stand for
 * variables of the environment, so that the file holds no secret.
 *
 * @throws AppError `invalid_config` when the file is missing, is not JSON or has another shape.
 */
export async function readMcpConfig(path: string, environment: Readonly<Record<string, string | undefined>>): Promise<NamedServer[]> {
  const file = resolve(path);
  const parsed = McpJson.safeParse(await readJsonFile(file));
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.message}`);
    throw new AppError("invalid_config", `${file} does not have the shape of a .mcp.json:\n  ${lines.join("\n  ")}`);
  }
  return Object.entries(parsed.data.mcpServers).map(([name, server]) => {
    const missing = new Set<string>();
    const secrets = new Set<string>();
    const fill = (text: string) =>
      text.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_whole, variable: string, otherwise: string | undefined) => {
        const value = environment[variable];
        if (value !== undefined && value !== "") secrets.add(value);
        else if (otherwise === undefined) missing.add(variable);
        return value ?? otherwise ?? "";
      });
    const fillAll = (texts: Record<string, string>) => Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, fill(text)]));
    const config: McpServerConfig =
      "url" in server
        ? { kind: server.type === "sse" ? "sse" : "http", url: fill(server.url), headers: fillAll(server.headers) }
        : {
            kind: "process",
            command: fill(server.command),
            args: server.args.map(fill),
            env: fillAll(server.env),
            cwd: resolve(dirname(file), server.cwd ?? "."),
          };
    for (const value of Object.values(config.kind === "process" ? config.env : config.headers)) if (value.length > 3) secrets.add(value);
    return { name, config, missing: [...missing], secrets: [...secrets] };
  });
}

async function readJsonFile(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new AppError("invalid_config", `There is no ${file}. MCP_CONFIG names a file like {"mcpServers": {"files": {"command": "…", "args": []}}}.`, {
      cause,
    });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    // the message of the parser would quote the file, which may hold a secret
    throw new AppError("invalid_config", `${file} is not JSON.`, { cause });
  }
}
