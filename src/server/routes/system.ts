import { Router } from "express";
import type { SystemService } from "#ports/services.ts";

/** Open to everybody: whether the server can take work, and what it is. */
export function systemRoutes(system: SystemService): Router {
  const router = Router();

  router.get("/ok", (_request, response) => {
    const ok = system.ready();
    response.status(ok ? 200 : 503).json({ ok });
  });

  router.get("/info", (_request, response) => {
    const { version, langgraph_js_version, ...rest } = system.info();
    const flags = { assistants: true, crons: true, langsmith: false, langsmith_tracing_replicas: false };
    response.json({ version, langgraph_js_version, context: "js", flags, ...rest });
  });

  router.get("/", (_request, response) => {
    response.type("text/plain").send("Slipway speaks the LangGraph Server API. Point a LangGraph client at this address; GET /info tells what is served.\n");
  });

  return router;
}
