import { randomUUID } from "node:crypto";
import { createMcpHandler, Server, type CallToolResult } from "@modelcontextprotocol/server";
import type { Request, Response, Router } from "express";
import { toAppError } from "#errors";
import type { Log } from "#log";
import type { Caller } from "#ports/caller.ts";
import type { Services } from "#ports/services.ts";
import { JsonRpcMessage, McpCancelled, McpInitialize } from "#protocol/mcp.ts";
import { VERSION } from "#version";
import { callTool, cancelCall } from "../agents/mcp-call.ts";
import { listTools } from "../agents/mcp-tools.ts";
import { configurableHeaders } from "../configurable-headers.ts";
import type { RouteContext } from "../context.ts";
import { disconnectSignal } from "../disconnect.ts";
import { endpoints } from "../endpoint.ts";
import { errorBody } from "../middleware/error-handler.ts";
import { json } from "../openapi/answers.ts";
import { sendWebResponse, toWebRequest } from "../web-answer.ts";

const SESSION_HEADER = "mcp-session-id";
const INSTRUCTIONS = "Every tool runs an agent of this server to its end, or until it needs an answer; continue_thread gives the answer, or the next turn.";

/**
 * The assistants as tools of the Model Context Protocol (Streamable HTTP; revisions 2025 and 2026-07-28). Nothing is kept between two
 * requests, so any process may answer any of them. The session id of the older revisions is only a name: by it and its request's id
 * a call is found again when the client gives it up over another connection.
 */
export function mcpRoutes({ services, caller, log, tellDenial }: RouteContext): Router {
  const { router, post } = endpoints("Other protocols", caller);

  async function serve(request: Request, response: Response): Promise<void> {
    const who = caller(request);
    const session = request.get(SESSION_HEADER)?.slice(0, 100) ?? null;
    const given = McpCancelled.safeParse(request.body);
    if (given.success && session !== null) await cancelCall(services, who, cancelName(session, given.data.params.requestId));
    const handler = createMcpHandler(() => makeServer({ services, log, who, session, request, tellDenial }));
    const answer = await handler.fetch(toWebRequest(request, disconnectSignal(response)), { parsedBody: request.body });
    if (McpInitialize.safeParse(request.body).success && answer.ok) response.setHeader(SESSION_HEADER, randomUUID());
    await sendWebResponse(answer, response);
  }

  post(
    "/mcp",
    {
      summary: "The assistants as tools of the Model Context Protocol",
      bodyReadElsewhere: JsonRpcMessage,
      answers: { ...json(JsonRpcMessage), 202: { what: "A notification was taken." } },
    },
    ({ request, response }) => serve(request, response),
  );
  // refused in the protocol's own words
  router.all("/mcp", serve);
  return router;
}

function cancelName(session: string, requestId: string | number): string {
  return `${session}/${JSON.stringify(requestId)}`.slice(0, 300);
}

interface Asked {
  services: Services;
  log: Log;
  who: Caller;
  session: string | null;
  request: Request;
  tellDenial: RouteContext["tellDenial"];
}

function makeServer({ services, log, who, session, request, tellDenial }: Asked): Server {
  const server = new Server({ name: "slipway", version: VERSION }, { capabilities: { tools: {} }, instructions: INSTRUCTIONS });
  server.setRequestHandler("tools/list", async () => ({ tools: await listTools(services.assistants, who) }));
  server.setRequestHandler("tools/call", async ({ params }, { mcpReq }): Promise<CallToolResult> => {
    const progressToken = params._meta?.progressToken;
    try {
      return await callTool(services, who, {
        name: params.name,
        input: params.arguments ?? {},
        cancelName: session === null ? null : cancelName(session, mcpReq.id),
        headers: configurableHeaders(request.headers),
        signal: mcpReq.signal,
        onStep: async (progress, nodes) => {
          if (progressToken === undefined) return;
          await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, message: nodes.join(", ") } });
        },
      });
    } catch (thrown) {
      const error = toAppError(thrown);
      log.debug({ code: error.code, err: thrown }, "an MCP tool failed");
      tellDenial?.(request, error, { step: `tools/call ${params.name}` });
      const { code, message } = errorBody(error);
      return { content: [{ type: "text", text: message }], isError: true, _meta: { "slipway/code": code } };
    }
  });
  return server;
}
