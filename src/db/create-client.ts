// postgres.js, with what it does wrong when a backend dies in a transaction mended
import postgres from "../../vendor/postgres/src/index.js";
import { AppError } from "#errors";
import { addArrayTypes } from "./array-types.ts";
import { storableJsonText, storableText, toJsonb } from "./json.ts";

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

export const JSON_TYPES = [114, 3802];
const TEXT_TYPES = [25, 1043];

/** Splits what postgres.js does not understand in a URL: a socket directory in `?host=`. */
function clientOptions(url: string): { url: string; host?: string; port?: number } {
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

/**
 * A postgres.js client with the project's settings, not yet connected. For `openDatabase` and the few that need a connection of their own; apart
 * from it, because a thread that needs no more should not load drizzle, which takes longer than all else of its start.
 */
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
