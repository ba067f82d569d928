import { AppError, toAppError } from "#errors";
import { importExport, locateExport } from "./foreign-export.ts";
import type { LanggraphProject } from "./langgraph-project.ts";

/** An application of the user: Hono's, or anything else that answers `Request` with `Response`. */
export interface LoadedApp {
  fetch(request: Request, environment?: unknown): Response | Promise<Response>;
}

const LOAD_MS = 60_000;

/**
 * Loads `http.app`; null when the langgraph.json names none. Unlike a graph that does not load this ends the start: its middleware may be
 * what guards the routes.
 *
 * @throws AppError `invalid_config`
 */
export async function loadCustomApp(project: LanggraphProject): Promise<LoadedApp | null> {
  const spec = project.settings.http?.app;
  if (spec === undefined) return null;
  try {
    const app = await importExport(locateExport(spec, "http.app", project), LOAD_MS);
    if (isApp(app)) return app;
  } catch (cause) {
    throw new AppError("invalid_config", `http.app (${spec}) did not load: ${toAppError(cause).message}`, { cause });
  }
  throw new AppError("invalid_config", `http.app (${spec}) is no application: it has no method fetch(request).`);
}

function isApp(value: unknown): value is LoadedApp {
  return (typeof value === "object" || typeof value === "function") && value !== null && "fetch" in value && typeof value.fetch === "function";
}
