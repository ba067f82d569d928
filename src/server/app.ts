import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, type Router } from "express";
import { AppError } from "#errors";
import type { AccessDenials } from "#ports/access-denials.ts";
import type { Identify } from "#ports/authentication.ts";
import type { IdentityWatch } from "#ports/identity.ts";
import { DEFAULT_BODY_BYTES } from "#protocol/body-size.ts";
import type { HttpSettings } from "#protocol/langgraph-json.ts";
import { chooseConfigurableHeaders } from "./configurable-headers.ts";
import type { RateLimiter } from "#ports/rate-limiter.ts";
import type { RouteContext } from "./context.ts";
import { corsPolicy } from "./cors-policy.ts";
import { customApp, type FetchApp } from "./custom-app.ts";
import { identification } from "./identification.ts";
import { disabledRoutes } from "./middleware/disabled-routes.ts";
import { errorHandler } from "./middleware/error-handler.ts";
import { hosts } from "./middleware/hosts.ts";
import { jsonBody } from "./middleware/json-body.ts";
import { measure } from "./middleware/measure.ts";
import { mountPrefix } from "./middleware/mount-prefix.ts";
import { origins, type PortRange } from "./middleware/origins.ts";
import { limitAddresses, limitCallers, type Limiters } from "./middleware/rate-limits.ts";
import { readableAddress } from "./middleware/readable-address.ts";
import { requestId } from "./middleware/request-id.ts";
import { securityHeaders } from "./middleware/security-headers.ts";
import { socketCredential } from "./middleware/socket-credential.ts";
import { NO_SECURITY, type Security } from "./openapi/security.ts";
import { openRequests } from "./open-requests.ts";
import { tellDenials } from "./tell-denials.ts";
import { a2aRoutes } from "./routes/a2a.ts";
import { approvalRoutes } from "./routes/approvals.ts";
import { assistantRoutes } from "./routes/assistants.ts";
import { authRoutes } from "./routes/auth.ts";
import { cronRoutes } from "./routes/crons.ts";
import { docsRoutes } from "./routes/docs.ts";
import { eventRoutes } from "./routes/events.ts";
import { mcpRoutes } from "./routes/mcp.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { policyRoutes } from "./routes/policies.ts";
import { projectRoutes } from "./routes/projects.ts";
import { runStreamRoutes } from "./routes/run-streams.ts";
import { runRoutes } from "./routes/runs.ts";
import { storeRoutes } from "./routes/store.ts";
import { systemRoutes } from "./routes/system.ts";
import { threadStateRoutes } from "./routes/thread-state.ts";
import { threadCommandRoutes } from "./routes/thread-commands.ts";
import { threadEventRoutes } from "./routes/thread-events.ts";
import { threadSocketRoutes } from "./routes/thread-socket.ts";
import { threadStreamRoutes } from "./routes/thread-stream.ts";
import { threadRoutes } from "./routes/threads.ts";
import { uiRoutes } from "./routes/ui.ts";

export interface AppOptions extends RouteContext {
  /** Settles who asks, for every request; `caller` then answers with it. Absent: `caller` needs nothing but the request. */
  identify?: Identify | null;
  /** Ends open requests with the identity that was let in; absent: they stay open. */
  watch?: IdentityWatch | null;
  /** Origins of pages that may call: exact ones, `localhost` for every page of this machine, `*` for all. See `middleware/origins.ts`. */
  allowedOrigins: readonly string[];
  /** Besides those, also when `http.cors` names its own. */
  alwaysAllowedOrigins?: readonly string[];
  /** `http` of the langgraph.json. */
  http?: HttpSettings | undefined;
  /** How clients say who they are, for `/openapi.json`. */
  security?: Security;
  /** Holds back whoever asks too much; null: nobody. */
  rateLimiter?: RateLimiter | null;
  /** Counts for keys with a limit of their own. */
  keyLimiter?: RateLimiter | null;
  /** Told who was refused what. */
  denials?: AccessDenials | null;
  /** Bytes of a request body; 10 MB unless told. */
  maxBodyBytes?: number;
  /** The loaded `http.app`. */
  customApp?: FetchApp | null;
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

  const policy = corsPolicy(options.allowedOrigins, options.http?.cors, options.alwaysAllowedOrigins);
  app.use(requestId, securityHeaders, mountPrefix(options.http?.mount_prefix), hosts(options.allowedHosts), origins(policy, options.servicePorts ?? null));
  // what an application of the user is asked is timed where it asks us
  const timed = options.metrics ? [measure(options.metrics)] : [];
  app.use(socketCredential, readableAddress, ...(options.customApp ? [] : timed), ...(options.rateLimiter ? [limitAddresses(options.rateLimiter)] : []));
  const open = options.watch ? openRequests(options.watch, { log: options.log }) : null;
  const who = options.identify ? identification(options.identify, open) : null;
  const context = tellingDenials(who === null ? options : { ...options, caller: who.caller });
  // before an application of the user, which sees only requests that may be made
  if (who !== null) app.use(who.middleware);
  app.use(
    chooseConfigurableHeaders(options.http?.configurable_headers),
    threadSocketRoutes(context, { enabled: disabledRoutes(options.http), limiters: limitersOf(options) }),
  );
  if (options.customApp === undefined || options.customApp === null) {
    app.use(...builtIn(context));
  } else {
    const custom = customApp(options.customApp, (original) => [
      requestId,
      securityHeaders,
      ...timed,
      ...builtIn(tellingDenials({ ...context, caller: (request) => context.caller(original(request)) })),
    ]);
    app.use(custom.handler);
  }
  app.use(errorsOf(context));
  return app;
}

/** Our routes with their error handler, in the order in which they are asked. */
function builtIn(options: AppOptions): (RequestHandler | ErrorRequestHandler)[] {
  const prefix = options.http?.mount_prefix ?? "";
  const withoutBody = [
    systemRoutes(options.services.system, options.caller),
    ...(options.metrics ? [metricsRoutes({ caller: options.caller, metrics: options.metrics })] : []),
  ];
  const withBody = resourceRoutes(options, prefix);
  return [
    disabledRoutes(options.http),
    chooseConfigurableHeaders(options.http?.configurable_headers),
    ...withoutBody,
    docsRoutes(options, [...withoutBody, ...withBody], { prefix, security: options.security ?? NO_SECURITY }),
    limitCallers(limitersOf(options), options.caller),
    ...jsonBody((request) => bodyLimit(request, options)),
    ...withBody,
    (request: Request) => {
      throw new AppError("not_found", `There is no ${request.method} ${request.path} here.`);
    },
    errorsOf(options),
  ];
}

function errorsOf({ log, tellDenial }: AppOptions): ErrorRequestHandler {
  return errorHandler(log, tellDenial);
}

function tellingDenials(options: AppOptions): AppOptions {
  return options.denials ? { ...options, tellDenial: tellDenials(options.denials, options.caller) } : options;
}

function limitersOf({ rateLimiter = null, keyLimiter = null }: AppOptions): Limiters {
  return { callers: rateLimiter, keys: keyLimiter };
}

function bodyLimit(request: Request, { caller, maxBodyBytes = DEFAULT_BODY_BYTES }: AppOptions): number {
  // files that anybody may load have nobody who asks
  if (request.method === "GET" || request.method === "HEAD") return maxBodyBytes;
  return Math.min(maxBodyBytes, caller(request).limits?.key?.body_bytes ?? Infinity);
}

function resourceRoutes(options: AppOptions, prefix: string): Router[] {
  return [
    assistantRoutes(options),
    threadRoutes(options),
    threadStateRoutes(options),
    threadCommandRoutes(options),
    threadEventRoutes(options),
    threadStreamRoutes(options),
    // before the routes whose run ids would swallow these paths
    cronRoutes(options),
    runStreamRoutes(options),
    runRoutes(options),
    storeRoutes(options),
    mcpRoutes(options),
    a2aRoutes(options, prefix),
    uiRoutes(options, prefix),
    approvalRoutes(options),
    eventRoutes(options),
    policyRoutes(options),
    projectRoutes(options),
    authRoutes(options),
  ];
}
