import type { NextFunction, Request, RequestHandler, Response } from "express";
import { AppError } from "#errors";
import type { HttpSettings } from "#protocol/langgraph-json.ts";

const OF_A_THREADS_RUNS = "(?:runs|commands|stream)(?:/|$)";

/** What each word of `http` in a langgraph.json takes away, in upper and lower case as Express matches routes. Runs live under threads too. */
const PATHS = {
  disable_assistants: /^\/assistants(?:\/|$)/i,
  disable_threads: new RegExp(`^/threads(?:$|/(?![^/]+/${OF_A_THREADS_RUNS}))`, "i"),
  disable_runs: new RegExp(`^/runs(?:/|$)|^/threads/[^/]+/${OF_A_THREADS_RUNS}`, "i"),
  disable_store: /^\/store(?:\/|$)/i,
  disable_meta: /^\/(?:(?:ok|info|metrics|docs|openapi\.json)\/?|docs\/.*)?$/i,
  disable_mcp: /^\/mcp(?:\/|$)/i,
  disable_a2a: /^\/(?:a2a(?:\/|$)|\.well-known\/agent-card\.json(?:\/|$))/i,
  disable_ui: /^\/ui(?:\/|$)/i,
} as const satisfies Partial<Record<keyof HttpSettings, RegExp>>;

/** Answers 404 to what the settings switch off. */
export function disabledRoutes(http: HttpSettings | undefined): RequestHandler {
  const off = Object.entries(PATHS).filter(([word]) => http?.[word as keyof typeof PATHS] === true);
  return function refuseDisabled(request: Request, _response: Response, next: NextFunction): void {
    const by = off.find(([, paths]) => paths.test(request.path));
    if (by !== undefined) throw new AppError("not_found", `${request.path} is switched off (http.${by[0]} in langgraph.json).`);
    next();
  };
}
