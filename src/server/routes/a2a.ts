import { A2A_VERSION_HEADER, AgentCard, formatSSEEvent, SSE_HEADERS } from "@a2a-js/sdk";
import { isLegacyJsonRpcMethod } from "@a2a-js/sdk/compat/v0_3";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import { JsonRpcTransportHandler, ServerCallContext } from "@a2a-js/sdk/server";
import { Router, type Request, type Response } from "express";
import { AppError } from "#errors";
import { A2aCall, A2aCardQuery } from "#protocol/a2a.ts";
import { AssistantPath } from "#protocol/assistants.ts";
import { a2aAgent } from "../agents/a2a-agent.ts";
import { agentCard, fieldsOfOldCards } from "../agents/a2a-card.ts";
import { configurableHeaders } from "../configurable-headers.ts";
import type { RouteContext } from "../context.ts";
import { disconnectSignal } from "../disconnect.ts";
import { parse } from "../parse.ts";

const CARD = "/.well-known/agent-card.json";

/**
 * Every assistant as an agent of the Agent2Agent protocol, JSON-RPC over HTTP in both its versions: 0.3 (`message/send`) and 1.0
 * (`SendMessage`), told apart by the method's name.
 *
 * @param prefix under which everything is mounted; cards name addresses
 */
export function a2aRoutes({ services, caller, log }: RouteContext, prefix: string): Router {
  const router = Router();
  const urlOf = (request: Request, assistantId: string) => `${request.protocol}://${request.get("host") ?? "localhost"}${prefix}/a2a/${assistantId}`;

  async function sendCard(request: Request, response: Response, name: string): Promise<void> {
    const assistant = await services.assistants.get(caller(request), name);
    const url = urlOf(request, assistant.assistant_id);
    response.json({ ...fieldsOfOldCards(url), ...(AgentCard.toJSON(agentCard(assistant, url)) as object) });
  }

  router.get(CARD, async (request, response) => {
    const { assistant_id } = parse(A2aCardQuery, request.query, "query");
    if (assistant_id === undefined) throw new AppError("invalid_request", `Every assistant has a card of its own: ${CARD}?assistant_id=…`);
    await sendCard(request, response, assistant_id);
  });
  router.get(`/a2a/:assistant_id${CARD}`, (request, response) => sendCard(request, response, parse(AssistantPath, request.params, "path").assistant_id));

  router.post("/a2a/:assistant_id", async (request, response) => {
    const who = caller(request);
    const assistant = await services.assistants.get(who, parse(AssistantPath, request.params, "path").assistant_id);
    const card = agentCard(assistant, urlOf(request, assistant.assistant_id));
    const headers = configurableHeaders(request.headers);
    const agent = a2aAgent({ services, log, caller: who, assistant, card, headers, signal: disconnectSignal(response) });
    const call = A2aCall.safeParse(request.body);
    const old = call.success && isLegacyJsonRpcMethod(call.data.method);
    const handler = old ? new LegacyJsonRpcTransportHandler(agent) : new JsonRpcTransportHandler(agent);
    const context = new ServerCallContext({ requestedVersion: request.get(A2A_VERSION_HEADER) ?? (old ? "0.3" : "1.0") });
    // anything but an object is answered in JSON-RPC's words
    const answer = await handler.handle(request.body as Record<string, unknown>, context);
    if (!(Symbol.asyncIterator in answer)) return void response.json(answer);
    await sendStream(response, answer, (error) => ({
      jsonrpc: "2.0",
      id: call.data?.id ?? null,
      error: old ? LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError(error) : JsonRpcTransportHandler.mapToJSONRPCError(error),
    }));
  });
  router.all("/a2a/:assistant_id", (request) => {
    throw new AppError("invalid_request", `Messages are sent with POST, not ${request.method}.`);
  });
  return router;
}

/** The headers leave with the first event, so that what fails before it is a plain answer. */
async function sendStream(response: Response, events: AsyncIterable<object>, toFailure: (error: unknown) => object): Promise<void> {
  try {
    for await (const event of events) {
      if (!response.headersSent) response.set(SSE_HEADERS).flushHeaders();
      if (response.destroyed) return;
      response.write(formatSSEEvent(event));
    }
    response.end();
  } catch (error) {
    const failure = toFailure(error);
    if (response.headersSent) response.end(formatSSEEvent(failure));
    else response.json(failure);
  }
}
