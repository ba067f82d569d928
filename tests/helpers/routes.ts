import { type AppOptions, createApp } from "#server/app.ts";
import type { Services } from "#ports/services.ts";
import { silent } from "./http-app.ts";

/** Every route of the HTTP application as `METHOD /path/:parameter`; `ALL` for one that takes any method. */
export function allRoutes(): string[] {
  // groups of routes are only put together here, nothing is asked of a service
  const unused = new Proxy({}, { get: () => new Proxy({}, { get: () => () => undefined }) }) as unknown;
  const app = createApp({
    services: unused as Services,
    metrics: unused as NonNullable<AppOptions["metrics"]>,
    log: silent,
    caller: () => ({ owner: "local" }),
    allowedOrigins: [],
    allowedHosts: null,
  });
  return [...new Set(routesIn(app.router))];
}

interface Layer {
  route?: { path: string | string[]; methods: Record<string, boolean> };
  handle?: unknown;
}

function routesIn(router: unknown): string[] {
  if (!hasStack(router)) return [];
  return router.stack.flatMap(({ route, handle }) => {
    if (route === undefined) return routesIn(handle);
    const methods = Object.keys(route.methods).map((method) => (method === "_all" ? "ALL" : method.toUpperCase()));
    return [route.path].flat().flatMap((path) => methods.map((method) => `${method} ${path}`));
  });
}

/** A router of Express; its layers are no public interface, so a change of their shape fails the test that counts routes. */
function hasStack(value: unknown): value is { stack: Layer[] } {
  return (typeof value === "object" || typeof value === "function") && value !== null && "stack" in value && Array.isArray(value.stack);
}
