import { z } from "zod";
import { AppError } from "#errors";

const flag = z.enum(["true", "false", "1", "0", ""]).transform((word) => word === "true" || word === "1");
const port = z.coerce.number().int().min(0).max(65_535);
const optionalText = z.string().transform((text) => (text.trim() === "" ? undefined : text.trim()));

/** `whsec_` and 24 to 64 bytes of base64, as every library of Standard Webhooks takes it; several while one is being replaced. */
const webhookSecrets = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((secret) => secret !== ""))
  .refine((secrets) => secrets.every(isWebhookSecret), "must be whsec_ followed by 24 to 64 bytes in base64; make one: echo whsec_$(openssl rand -base64 32)");

function isWebhookSecret(secret: string): boolean {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret)) return false;
  const bytes = Buffer.from(secret.slice("whsec_".length), "base64").length;
  return bytes >= 24 && bytes <= 64;
}

/** Every variable that Slipway reads, and nothing else reads `process.env`. README's table is the same list. */
const Environment = z.object({
  PORT: port.optional(),
  HOST: z.string().default("127.0.0.1"),
  ROLE: z.enum(["all", "server", "worker"]).default("all"),
  LANGGRAPH_JSON: z.string().default("./langgraph.json"),
  LANGGRAPH_CONFIG: optionalText.optional(),
  DATABASE_URL: optionalText.optional(),
  REDIS_URL: optionalText.optional(),
  DATA_DIR: z.string().default("./.slipway"),
  N_JOBS_PER_WORKER: z.coerce.number().int().min(1).max(1_000).default(10),
  OPENAI_API_KEY: optionalText.optional(),
  OPENAI_BASE_URL: optionalText.optional(),
  MODEL: optionalText.optional(),
  MODEL_INTENT: optionalText.optional(),
  MODEL_PLANNER: optionalText.optional(),
  MODEL_CODER: optionalText.optional(),
  MODEL_REVIEWER: optionalText.optional(),
  MODEL_WRITER: optionalText.optional(),
  MCP_CONFIG: optionalText.optional(),
  MODEL_EMBEDDING: optionalText.optional(),
  MODEL_TIMEOUT: z.coerce.number().positive().default(120),
  RECORDINGS_DIR: optionalText.optional(),
  RECORD_TO: optionalText.optional(),
  AUTH: z.string().default("none"),
  CORS_ORIGINS: z.string().default(""),
  ALLOW_UNSANDBOXED: flag.default(false),
  SECRETS_KEY: optionalText.optional(),
  PROXY_PORT: port.optional(),
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(0).max(1_000_000).optional(),
  RATE_LIMIT_BURST: z.coerce.number().int().min(1).max(1_000_000).optional(),
  WEBHOOK_SECRET: webhookSecrets.optional(),
  WEBHOOK_ALLOW_PRIVATE: flag.default(false),
  JOB_TIMEOUT: z.coerce.number().positive().default(3_600),
  LEASE_SECONDS: z.coerce.number().positive().default(10),
  DRAIN_SECONDS: z.coerce.number().nonnegative().default(30),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
});

export type Config = Readonly<z.infer<typeof Environment> & { RATE_LIMIT_PER_MINUTE: number; RATE_LIMIT_BURST: number }>;

/** Parses the environment once. Throws `invalid_config` naming every variable that is wrong and what it may be. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new AppError("invalid_config", `Fix these environment variables and start again:\n  ${lines.join("\n  ")}`);
  }
  if (parsed.data.AUTH !== "none") {
    throw new AppError(
      "invalid_config",
      `AUTH=${parsed.data.AUTH} is not built yet, and ignoring it would leave the server open. Leave AUTH unset: the server then listens on this machine only.`,
    );
  }
  return Object.freeze({ ...parsed.data, ...rateLimitOf(parsed.data) });
}

/** Requests a minute behind authentication, unless somebody chose. */
const DEFAULT_RATE = 60;
const DEFAULT_BURST = 20;

function rateLimitOf(settings: z.infer<typeof Environment>): { RATE_LIMIT_PER_MINUTE: number; RATE_LIMIT_BURST: number } {
  const perMinute = settings.RATE_LIMIT_PER_MINUTE ?? (settings.AUTH === "none" ? 0 : DEFAULT_RATE);
  if (perMinute === 0 && settings.RATE_LIMIT_BURST !== undefined)
    throw new AppError("invalid_config", "RATE_LIMIT_BURST limits nothing without a rate. Set RATE_LIMIT_PER_MINUTE too, or leave both out.");
  return { RATE_LIMIT_PER_MINUTE: perMinute, RATE_LIMIT_BURST: settings.RATE_LIMIT_BURST ?? DEFAULT_BURST };
}
