import { Script } from "node:vm";
import { AppError } from "#errors";
import type { CorsSettings } from "#protocol/langgraph-json.ts";

/** Which pages may call, and what a preflight tells them. */
export interface CorsPolicy {
  /** Exact origins, `localhost` for every page of this machine, `*` for all. */
  origins: readonly string[];
  /** A further way in; the whole origin must match. */
  matches: (origin: string) => boolean;
  credentials: boolean;
  methods: string;
  /** Null: whatever a page asks for. */
  headers: string | null;
  exposed: string;
  maxAgeSeconds: number;
}

/** Response headers that clients in a browser read, whatever a project lists. */
const RATE_LIMIT = ["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];
const EXPOSED = ["content-location", "location", "x-pagination-total", "x-pagination-next", "x-error-code", "x-request-id", ...RATE_LIMIT];
const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const PREFLIGHT_SECONDS = 600;

/**
 * @param origins that may call when the settings name none
 * @param always origins that may call besides
 * @throws AppError `invalid_config` for `*` together with credentials, and for an expression that is none
 */
export function corsPolicy(origins: readonly string[], settings: CorsSettings | undefined, always: readonly string[] = []): CorsPolicy {
  const named = settings?.allow_origins ?? (settings?.allow_origin_regex === undefined ? origins : []);
  const allowed = [...named, ...always];
  const credentials = settings?.allow_credentials ?? false;
  if (credentials && allowed.includes("*")) {
    throw new AppError(
      "invalid_config",
      "http.cors in langgraph.json allows credentials to every origin (*): any page could act as its visitor. Name the origins.",
    );
  }
  const methods = settings?.allow_methods;
  const headers = settings?.allow_headers;
  return {
    origins: allowed,
    matches: settings?.allow_origin_regex === undefined ? () => false : wholeMatch(settings.allow_origin_regex),
    credentials,
    methods: methods === undefined || methods.includes("*") ? METHODS : methods.join(", "),
    headers: headers === undefined || headers.includes("*") ? null : headers.join(", "),
    exposed: [...new Set([...EXPOSED, ...(settings?.expose_headers ?? []).map((name) => name.toLowerCase())])].join(", "),
    maxAgeSeconds: settings?.max_age ?? PREFLIGHT_SECONDS,
  };
}

const LONGEST_ORIGIN = 300;
const MATCH_MS = 20;
const REMEMBERED = 1_000;

/**
 * Matches whole origins. The expression is the project's, the text anybody's: some expressions take for ever on the right text, so each
 * match has a time limit, and every answer is remembered.
 */
function wholeMatch(expression: string): (origin: string) => boolean {
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^(?:${expression})$`);
  } catch (cause) {
    throw new AppError("invalid_config", "http.cors.allow_origin_regex in langgraph.json is no regular expression.", { cause });
  }
  const match = new Script("pattern.test(origin)");
  const known = new Map<string, boolean>();
  return (origin) => {
    if (origin.length > LONGEST_ORIGIN) return false;
    let answer = known.get(origin);
    if (answer === undefined) {
      answer = matchInTime(match, pattern, origin);
      if (known.size >= REMEMBERED) known.clear();
      known.set(origin, answer);
    }
    return answer;
  };
}

/** The limit of a script goes by the clock, which also runs while the machine is busy with others: only time that this thread had counts. */
function matchInTime(match: Script, pattern: RegExp, origin: string): boolean {
  const begun = process.threadCpuUsage();
  for (;;) {
    try {
      return match.runInNewContext({ pattern, origin }, { timeout: MATCH_MS }) === true;
    } catch (error) {
      if (!isCutShort(error)) return false;
      const { user, system } = process.threadCpuUsage(begun);
      if (user + system >= MATCH_MS * 1_000) return false;
    }
  }
}

function isCutShort(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
