import type { Config } from "#config";
import type { SandboxLevel } from "#ports/commands.ts";
import type { ModelMode } from "#ports/models.ts";

export interface Started {
  /** Null in a process that only works. */
  url: string | null;
  movedFrom: number | null;
  config: Config;
  /** The project brings its own. */
  hasAuth: boolean;
  dataDir: string;
  embedded: boolean;
  sandbox: SandboxLevel;
  models: ModelMode;
  samples: readonly string[];
  graphs: readonly { id: string; ours: boolean; error: string | null }[];
}

const SANDBOX_WORDS: Record<SandboxLevel, string> = {
  bubblewrap: "bubblewrap",
  namespaces: "Linux namespaces (util-linux)",
  "sandbox-exec": "sandbox-exec",
  docker: "Docker",
  none: "NONE (ALLOW_UNSANDBOXED is set: generated code runs with your rights)",
};

/** Tells on stdout what runs, where, and what is not configured. The first line is what scripts wait for. */
export function announce(started: Started): void {
  const { config } = started;
  const say = (label: string, text: string) => console.log(`  ${label.padEnd(10)} ${text}`);
  console.log(started.url === null ? "Slipway works (ROLE=worker)" : `Slipway is ready: ${started.url}`);
  if (started.movedFrom !== null) say("port", `${started.movedFrom} is taken, so the next free one is used; set PORT to choose`);
  say("graphs", started.graphs.map(({ id, error }) => (error === null ? id : `${id} (failed to load)`)).join(", "));
  for (const { id, error } of started.graphs) if (error !== null) for (const line of linesOf(`${id}: ${error}`)) say("", line);
  say("database", started.embedded ? `embedded PostgreSQL in ${started.dataDir}` : "DATABASE_URL");
  say("streams", config.REDIS_URL === undefined ? "through the database (REDIS_URL is not set)" : "REDIS_URL");
  say("sandbox", SANDBOX_WORDS[started.sandbox]);
  // the models are those of our teams; a project that is served brings its own
  const servesOurs = started.graphs.some(({ ours }) => ours);
  if (!started.embedded && servesOurs && config.SECRETS_KEY === undefined) {
    say("secrets", "none can be kept: SECRETS_KEY is not set (make one: openssl rand -base64 32)");
  }
  if (started.models === "replay" && servesOurs) {
    say("models", "none configured: only recorded requests are answered. Set OPENAI_API_KEY, or OPENAI_BASE_URL and MODEL.");
    for (const sample of started.samples) say("", `works without: ${sample}`);
  } else if (started.models !== "replay") {
    say("models", `${config.OPENAI_BASE_URL ?? "OpenAI"}${started.models === "record" ? `, recorded to ${config.RECORD_TO}` : ""}`);
  }
  if (config.WEBHOOK_SECRET === undefined) say("webhooks", "unsigned (WEBHOOK_SECRET is not set)");
  if (started.hasAuth) say("identity", "auth of the langgraph.json");
  else if (config.AUTH.length > 0) {
    say("identity", `${config.AUTH.join(", ")}${config.SERVICE_KEY === undefined ? "" : ", service key"}`);
    if (config.AUTH.includes("api-key")) say("", "make a key: npx slipway keys create --user <name> --scopes read,write,approve");
  } else say("identity", "none: everybody who reaches this address is the owner `local` (loopback only)");
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
