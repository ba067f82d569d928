import type { Request, Router } from "express";
import { z } from "zod";
import type { Caller } from "#ports/caller.ts";
import type { SystemService } from "#ports/services/system.ts";
import { endpoints } from "../endpoint.ts";
import { json, text } from "../openapi/answers.ts";

const Ok = z.object({ ok: z.boolean() });

const Info = z
  .object({
    version: z.string(),
    langgraph_js_version: z.string(),
    context: z.literal("js"),
    flags: z.record(z.string(), z.boolean()),
    graphs: z.array(z.object({ id: z.string(), error: z.string().nullable() })),
  })
  .loose()
  .meta({ id: "Info", description: "What this server is, and what it serves." });

/** Open to everybody: whether the server can take work, and what it is. */
export function systemRoutes(system: SystemService, caller: (request: Request) => Caller): Router {
  const { router, get } = endpoints("System", caller);

  get(
    "/ok",
    {
      summary: "Tell whether the server can take work",
      open: true,
      answers: { ...json(Ok), 503: { what: "Not yet.", content: { type: "application/json", schema: Ok } } },
    },
    ({ response }) => {
      const ok = system.ready();
      response.status(ok ? 200 : 503).json({ ok });
    },
  );

  get("/info", { summary: "Tell what the server is", open: true, answers: json(Info) }, ({ response }) => {
    const { version, langgraph_js_version, ...rest } = system.info();
    const flags = { assistants: true, crons: true, langsmith: false, langsmith_tracing_replicas: false };
    response.json({ version, langgraph_js_version, context: "js", flags, ...rest });
  });

  get("/", { summary: "Say hello", answers: text("text/plain", "A sentence for a person.") }, ({ response }) => {
    response
      .type("text/plain")
      .send("Slipway speaks the LangGraph Server API. Point a LangGraph client at this address; GET /info tells what is served, /docs how to ask.\n");
  });

  return router;
}
