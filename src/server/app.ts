import express, { type Express, type Request } from "express";
import { AppError } from "#errors";
import type { RouteContext } from "./context.ts";
import { errorHandler } from "./middleware/error-handler.ts";
import { hosts } from "./middleware/hosts.ts";
import { jsonBody } from "./middleware/json-body.ts";
import { origins, type PortRange } from "./middleware/origins.ts";
import { readableAddress } from "./middleware/readable-address.ts";
import { requestId } from "./middleware/request-id.ts";
import { securityHeaders } from "./middleware/security-headers.ts";
import { approvalRoutes } from "./routes/approvals.ts";
import { assistantRoutes } from "./routes/assistants.ts";
import { cronRoutes } from "./routes/crons.ts";
import { notBuiltRoutes } from "./routes/not-built.ts";
import { projectRoutes } from "./routes/projects.ts";
import { runStreamRoutes } from "./routes/run-streams.ts";
import { runRoutes } from "./routes/runs.ts";
import { storeRoutes } from "./routes/store.ts";
import { systemRoutes } from "./routes/system.ts";
import { threadStateRoutes } from "./routes/thread-state.ts";
import { threadRoutes } from "./routes/threads.ts";

export interface AppOptions extends RouteContext {
  /** Origins of pages that may call: exact ones, `localhost` for every page of this machine, `*` for all. See `middleware/origins.ts`. */
  allowedOrigins: readonly string[];
  /** Where delivered services listen; their pages are no pages of this machine's owner. */
  servicePorts?: PortRange;
  /** Names in `Host` that are served besides those of this machine; null: any (only behind authentication). */
  allowedHosts: readonly string[] | null;
}

/** The HTTP application. It keeps nothing: everything is asked of `services`. Serve it with `listen`. */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");

  app.use(requestId, securityHeaders, hosts(options.allowedHosts), origins(options.allowedOrigins, options.servicePorts ?? null), readableAddress);
  app.use(systemRoutes(options.services.system));
  app.use(jsonBody());
  app.use(notBuiltRoutes());
  app.use(assistantRoutes(options), threadRoutes(options), threadStateRoutes(options));
  // before the routes whose run ids would swallow these paths
  app.use(cronRoutes(options));
  app.use(runStreamRoutes(options), runRoutes(options));
  app.use(storeRoutes(options), approvalRoutes(options), projectRoutes(options));
  app.use((request: Request) => {
    throw new AppError("not_found", `There is no ${request.method} ${request.path} here.`);
  });
  app.use(errorHandler(options.log));
  return app;
}
