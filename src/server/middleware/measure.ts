import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { ServerMetrics } from "#ports/metrics.ts";

/** Times every answer by the template of its route: what a client put into the address is no label. */
export function measure(metrics: ServerMetrics): RequestHandler {
  return function measureAnswer(request: Request, response: Response, next: NextFunction): void {
    const began = performance.now();
    response.once("close", () => {
      const seconds = (performance.now() - began) / 1_000;
      metrics.answered({ method: METHODS.has(request.method) ? request.method : "OTHER", route: templateOf(request), status: response.statusCode }, seconds);
    });
    next();
  };
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

function templateOf(request: Request): string {
  const route: unknown = request.route;
  const path: unknown = typeof route === "object" && route !== null && "path" in route ? route.path : undefined;
  return typeof path === "string" ? path : "unmatched";
}
