import type { IncomingHttpHeaders } from "node:http";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { HttpSettings } from "#protocol/langgraph-json.ts";

type HeaderChoice = NonNullable<HttpSettings["configurable_headers"]>;

/** Credentials, which must not end in a run's row, unless a project names one of them in full. */
const CREDENTIALS = new Set(["x-api-key", "x-tenant-id", "x-service-key", "x-on-behalf-of", "x-auth-scheme", "authorization", "cookie", "proxy-authorization"]);

/** Headers of one request are one object, so what was chosen for it is found wherever they are read. */
const chosen = new WeakMap<IncomingHttpHeaders, (name: string) => boolean>();

/** Applies `http.configurable_headers` to every request behind it. */
export function chooseConfigurableHeaders(choice: HeaderChoice | undefined): RequestHandler {
  const isSeen = choice === undefined ? isSeenByDefault : choose(choice);
  return function rememberChoice(request: Request, _response: Response, next: NextFunction): void {
    chosen.set(request.headers, isSeen);
    next();
  };
}

/** The request headers that a run sees in `configurable`: `x-*` but credentials, `user-agent`, and what the project chose. Lower case. */
export function configurableHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const isSeen = chosen.get(headers) ?? isSeenByDefault;
  const seen = Object.entries(headers).filter(([name]) => isSeen(name));
  return Object.fromEntries(seen.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]));
}

function isSeenByDefault(name: string): boolean {
  return name === "user-agent" || (name.startsWith("x-") && !CREDENTIALS.has(name));
}

/** What is excluded stays out; what is included comes besides the default. */
function choose({ includes = [], excludes = [] }: HeaderChoice): (name: string) => boolean {
  const included = includes.map((pattern) => pattern.toLowerCase());
  const isExcluded = matcher(excludes);
  const isIncluded = matcher(included);
  return (name) => !isExcluded(name) && (isSeenByDefault(name) || (isIncluded(name) && (!CREDENTIALS.has(name) || included.includes(name))));
}

function matcher(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => new RegExp(`^${pattern.toLowerCase().split(/\*+/).map(literally).join(".*")}$`));
  return (name) => expressions.some((expression) => expression.test(name));
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
