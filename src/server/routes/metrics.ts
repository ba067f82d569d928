import { Router } from "express";
import { z } from "zod";
import type { MetricsService } from "#ports/metrics.ts";
import type { RouteContext } from "../context.ts";
import { parse } from "../parse.ts";

const MetricsQuery = z.object({ format: z.enum(["prometheus", "json"]).nullish() });

/** Figures of this process and of the queue, in Prometheus' text or as JSON. Behind authentication where there is one. */
export function metricsRoutes({ caller, metrics }: Pick<RouteContext, "caller"> & { metrics: MetricsService }): Router {
  const router = Router();

  router.get("/metrics", async (request, response) => {
    caller(request);
    if (parse(MetricsQuery, request.query, "query").format === "json") return void response.json(await metrics.json());
    response.set("content-type", metrics.contentType).send(await metrics.text());
  });

  return router;
}
