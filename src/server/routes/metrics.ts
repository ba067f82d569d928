import type { Router } from "express";
import { z } from "zod";
import type { MetricsService } from "#ports/metrics.ts";
import { JsonRecord } from "#protocol/fields.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";

const MetricsQuery = z.object({ format: z.enum(["prometheus", "json"]).nullish() });

/** Figures of this process and of the queue, in Prometheus' text or as JSON. Behind authentication where there is one. */
export function metricsRoutes({ caller, metrics }: Pick<RouteContext, "caller"> & { metrics: MetricsService }): Router {
  const { router, get } = endpoints("System", caller);

  get(
    "/metrics",
    {
      summary: "Figures of this process and of the queue",
      about: "Prometheus' text, or with `format=json` JSON.",
      query: MetricsQuery,
      answers: { 200: { what: "The figures.", content: { type: "text/plain", schema: z.union([z.string(), JsonRecord]) } } },
    },
    async ({ query, response }) => {
      if (query.format === "json") return void response.json(await metrics.json());
      response.set("content-type", metrics.contentType).send(await metrics.text());
    },
  );

  return router;
}
