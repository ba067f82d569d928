import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
// postgres.js, with what it does wrong when a backend dies in a transaction mended
import postgres from "../../vendor/postgres/src/index.js";
import { AppError } from "#errors";
import { addArrayTypes } from "./array-types.ts";
import { storableJsonText, storableText, toJsonb } from "./json.ts";

export { toJsonb } from "./json.ts";

/** A running subscription to a NOTIFY channel. */
export interface Subscription extends AsyncDisposable {}

export interface ListenHandlers {
  /** One notification; the payload may be empty. Runs on the driver's stack: keep it short, start async work yourself. */
  onNotify(payload: string): void;
  /**
   * Called after every (re)subscription, the first included. Notifications are hints and are lost while the connection is down,
   * so whoever listens looks at the table again here.
   */
  onSubscribed?(): void;
}

/**
 * The one way to PostgreSQL: a small pool, with drizzle over the same connections.
 * Every `json`, `jsonb` and `text` parameter is cleaned of what PostgreSQL refuses (see `json.ts`); `timestamptz` columns come back as Date.
 */
export interface Database extends AsyncDisposable {
  readonly sql: postgres.Sql;
  readonly drizzle: PostgresJsDatabase;
  /** Connection string, for a child process or a second client. Holds the password: never log it. */
  readonly url: string;
  /** When a connection of the pool was lost or could not be made for the last time, by `performance.now()`; -Infinity for never. */
  lastLoss(): number;
  /** Subscribes on one connection of its own that is shared by all channels and reconnects by itself. */
  listen(channel: string, handlers: ListenHandlers): Promise<Subscription>;
}

export interface DatabaseOptions {
  /** `postgres://…`; `?host=/directory` names a unix socket. */
  url: string;
  /** Connections at most. Few are faster in one process: the Node side is the ceiling. */
  poolSize?: number;
  applicationName?: string;
  /** Longest time one statement may take; 0 for no limit. */
  statementTimeoutMs?: number;
  connectTimeoutSeconds?: number;
}

const JSON_TYPES = [114, 3802];
const TEXT_TYPES = [25, 1043];
/** timestamptz, date, timestamp and their arrays: drizzle's driver turns off their parsing for the whole client. */
const TIME_TYPES = [1184, 1082, 1083, 1114, 1182, 1185, 1115, 1231];

/** Splits what postgres.js does not understand in a URL: a socket directory in `?host=`. */
export function clientOptions(url: string): { url: string; host?: string; port?: number } {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new AppError("invalid_config", "The database address is not a URL. It looks like postgres://user:password@host:5432/name.", { cause });
  }
  const host = parsed.searchParams.get("host");
  if (!host?.startsWith("/")) return { url };
  parsed.searchParams.delete("host");
  return { url: parsed.href, host, port: Number(parsed.port || 5432) };
}

/** A postgres.js client with the project's settings, not yet connected. For `openDatabase` and the few that need a connection of their own. */
export function createClient(options: DatabaseOptions & { onclose?: () => void; lasting?: boolean }): postgres.Sql {
  const { url, ...socket } = clientOptions(options.url);
  const timeout = options.statementTimeoutMs ?? 60_000;
  const sql = postgres(url, {
    ...socket,
    max: options.poolSize ?? 4,
    connect_timeout: options.connectTimeoutSeconds ?? 10,
    // a query that must wait for the server to come back gives up with its own error instead of holding a slot for 20 s
    backoff: (retries: number) => Math.min(0.02 * 2 ** retries, 1),
    onnotice: () => {},
    fetch_types: false,
    ...(options.lasting ? { max_lifetime: null, idle_timeout: 0 } : {}),
    ...(options.onclose ? { onclose: options.onclose } : {}),
    connection: {
      application_name: options.applicationName ?? "slipway",
      statement_timeout: timeout,
      idle_in_transaction_session_timeout: 60_000,
      // measured: 400 ms of compiling for a checkpoint read of 1 ms. Text, because postgres.js leaves falsy settings out
      jit: "off",
    },
  });
  const { serializers } = sql.options;
  for (const type of JSON_TYPES) serializers[type] = (value: unknown) => (typeof value === "string" ? storableJsonText(value) : toJsonb(value));
  for (const type of TEXT_TYPES) serializers[type] = (value: unknown) => storableText(String(value));
  addArrayTypes(sql);
  return sql;
}

/**
 * Opens the database and proves that it answers. Disposing it closes the pool, waiting at most 5 s for statements in flight.
 * @throws AppError `database_unavailable` (nothing answers, or it refuses us), `invalid_config` (not a URL).
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  let lastLoss = Number.NEGATIVE_INFINITY;
  const sql = createClient({ ...options, onclose: () => (lastLoss = performance.now()) });
  const { serializers, parsers } = sql.options;
  const kept = [...JSON_TYPES, ...TIME_TYPES].map((type) => [type, serializers[type], parsers[type]] as const);
  const orm = drizzle(sql);
  for (const [type, serializer, parser] of kept) {
    if (serializer) serializers[type] = serializer;
    if (parser) parsers[type] = parser;
  }
  try {
    await sql`select 1`;
  } catch (cause) {
    await sql.end({ timeout: 0 });
    throw new AppError("database_unavailable", `The database does not answer: ${describeCause(cause)}. Check DATABASE_URL and that the server is running.`, {
      cause,
    });
  }
  return {
    sql,
    drizzle: orm,
    url: options.url,
    lastLoss: () => lastLoss,
    async listen(channel, handlers) {
      const subscription = await sql.listen(channel, handlers.onNotify, () => handlers.onSubscribed?.());
      return { [Symbol.asyncDispose]: () => subscription.unlisten() };
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }),
  };
}

function describeCause(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return describeCause(cause.errors[0]);
  return cause instanceof Error ? cause.message : String(cause);
}
