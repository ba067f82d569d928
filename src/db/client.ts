import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
// postgres.js, with what it does wrong when a backend dies in a transaction mended
import postgres from "../../vendor/postgres/src/index.js";
import { AppError } from "#errors";
import { createClient, type DatabaseOptions, JSON_TYPES } from "./create-client.ts";

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

/** timestamptz, date, timestamp and their arrays: drizzle's driver turns off their parsing for the whole client. */
const TIME_TYPES = [1184, 1082, 1083, 1114, 1182, 1185, 1115, 1231];

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
    throw new AppError("database_unavailable", `${explainCause(cause)} Check DATABASE_URL.`, { cause });
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

/** The server that says no is not one that is silent. */
function explainCause(cause: unknown): string {
  const said = describeCause(cause);
  if (!(cause instanceof postgres.PostgresError)) return `The database does not answer: ${said}. Is the server running?`;
  // 3D000: there is no such database
  return `The database server refuses us: ${said}.${cause.code === "3D000" ? " Make it first (createdb)." : ""}`;
}

function describeCause(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return describeCause(cause.errors[0]);
  return cause instanceof Error ? cause.message : String(cause);
}
