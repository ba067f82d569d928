import { z } from "zod";
import { AppError } from "#errors";
import { DEFAULT_BODY_BYTES, MAX_BODY_BYTES, MIN_BODY_BYTES } from "#protocol/body-size.ts";

const flag = z.enum(["true", "false", "1", "0", ""]).transform((word) => word === "true" || word === "1");
const port = z.coerce.number({ error: "must be a number from 0 to 65535" }).int().min(0).max(65_535);
const optionalText = z.string().transform((text) => (text.trim() === "" ? undefined : text.trim()));

/** The address of a PostgreSQL; a slip in it would be told by a driver that makes the best of it. */
const databaseUrl = optionalText.refine(
  (text) => text === undefined || /^postgres(?:ql)?:\/\//.test(text),
  "must look like postgres://user:password@host:5432/name; leave it out for the database that comes along",
);

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

function listed(text: string): string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

const AuthKind = z.enum(["jwt", "api-key"]);

/** Kinds of credentials in a list, each once; `none` for no authentication, which is the empty list. */
const authKinds = z.string().transform((text, context) => {
  const words = [...new Set(listed(text.toLowerCase()))];
  const kinds = z.array(AuthKind).safeParse(words.length === 1 && words[0] === "none" ? [] : words);
  if (kinds.success) return kinds.data;
  context.addIssue({ code: "custom", message: 'must be "none", or a list of "jwt" and "api-key"' });
  return z.NEVER;
});

/** Every variable that a server reads, and nothing else of it reads `process.env`; the demo looks at some of them by itself. README's table is the same list. */
const Environment = z.object({
  PORT: port.optional(),
  HOST: z.string().default("127.0.0.1"),
  ROLE: z.enum(["all", "server", "worker"]).default("all"),
  LANGGRAPH_JSON: z.string().default("./langgraph.json"),
  LANGGRAPH_CONFIG: optionalText.optional(),
  DATABASE_URL: databaseUrl.optional(),
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
  AUTH: authKinds.default([]),
  JWT_SECRET: optionalText.optional(),
  JWKS_URL: optionalText.optional(),
  JWT_ISSUER: optionalText.optional(),
  JWT_AUDIENCE: optionalText.optional(),
  SERVICE_KEY: optionalText.optional(),
  CORS_ORIGINS: z.string().transform(listed).default([]),
  ALLOW_UNSANDBOXED: flag.default(false),
  SECRETS_KEY: optionalText.optional(),
  SECRETS_KEY_PREVIOUS: optionalText.optional(),
  PROXY_PORT: port.optional(),
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(0).max(1_000_000).optional(),
  RATE_LIMIT_BURST: z.coerce.number().int().min(1).max(1_000_000).optional(),
  MAX_RUNS_PER_USER: z.coerce.number().int().min(0).max(1_000_000).default(100),
  MAX_BODY_BYTES: z.coerce.number().int().min(MIN_BODY_BYTES).max(MAX_BODY_BYTES).default(DEFAULT_BODY_BYTES),
  MAX_STREAMS_PER_USER: z.coerce.number().int().min(0).max(1_000_000).default(100),
  WEBHOOK_SECRET: webhookSecrets.optional(),
  WEBHOOK_ALLOW_PRIVATE: flag.default(false),
  EVENT_RETENTION_DAYS: z.coerce.number().nonnegative().max(36_500).default(30),
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
  refuseUnsafeIdentity(parsed.data);
  return Object.freeze({ ...parsed.data, ...rateLimitOf(parsed.data) });
}

/** HS256 has keys of 256 bits; a service key is guessed over the network only, but for as long as anybody likes. */
const SECRET_BYTES = 32;

/** Whatever would let in whom nobody meant. @throws AppError `invalid_config` */
function refuseUnsafeIdentity(settings: z.infer<typeof Environment>): void {
  if (settings.AUTH.length === 0) return;
  const { JWT_SECRET, JWKS_URL, JWT_ISSUER, JWT_AUDIENCE, SERVICE_KEY } = settings;
  const wrong: string[] = [];
  if (settings.AUTH.includes("jwt")) {
    if (JWT_SECRET === undefined && JWKS_URL === undefined)
      wrong.push("AUTH=jwt needs JWT_SECRET (make one: openssl rand -base64 48) or JWKS_URL, where your issuer publishes its keys.");
    if (JWT_SECRET !== undefined && JWKS_URL !== undefined) wrong.push("JWT_SECRET and JWKS_URL are two issuers; set the one that is meant.");
    if (JWT_SECRET !== undefined && Buffer.byteLength(JWT_SECRET) < SECRET_BYTES)
      wrong.push(`JWT_SECRET is shorter than ${SECRET_BYTES} bytes and could be guessed; make one: openssl rand -base64 48`);
    if (JWKS_URL !== undefined && !isSafeAddress(JWKS_URL))
      wrong.push("JWKS_URL must begin with https:// (or http:// for this machine): who can change keys on their way lets in anybody.");
    if (JWKS_URL !== undefined && (JWT_ISSUER === undefined || JWT_AUDIENCE === undefined))
      wrong.push("JWKS_URL needs JWT_ISSUER and JWT_AUDIENCE: without them every token of that issuer would do, whomever it was made for.");
  }
  if (SERVICE_KEY !== undefined && Buffer.byteLength(SERVICE_KEY) < SECRET_BYTES)
    wrong.push(`SERVICE_KEY is shorter than ${SECRET_BYTES} bytes and could be guessed; make one: openssl rand -base64 48`);
  if (settings.ALLOW_UNSANDBOXED)
    wrong.push("ALLOW_UNSANDBOXED lets generated code do what this server can, for everybody who has an account. Unset it, or AUTH.");
  if (wrong.length > 0) throw new AppError("invalid_config", `Fix these environment variables and start again:\n  ${wrong.join("\n  ")}`);
}

function isSafeAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  return username === "" && (protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname)));
}

/** Requests a minute behind authentication, unless somebody chose. */
const DEFAULT_RATE = 60;
const DEFAULT_BURST = 20;

function rateLimitOf(settings: z.infer<typeof Environment>): { RATE_LIMIT_PER_MINUTE: number; RATE_LIMIT_BURST: number } {
  const perMinute = settings.RATE_LIMIT_PER_MINUTE ?? (settings.AUTH.length === 0 ? 0 : DEFAULT_RATE);
  if (perMinute === 0 && settings.RATE_LIMIT_BURST !== undefined)
    throw new AppError("invalid_config", "RATE_LIMIT_BURST limits nothing without a rate. Set RATE_LIMIT_PER_MINUTE too, or leave both out.");
  return { RATE_LIMIT_PER_MINUTE: perMinute, RATE_LIMIT_BURST: settings.RATE_LIMIT_BURST ?? DEFAULT_BURST };
}
