import { A2A_VERSION_HEADER, AgentCard, formatSSEEvent, SSE_HEADERS } from "@a2a-js/sdk";
import { isLegacyJsonRpcMethod } from "@a2a-js/sdk/compat/v0_3";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import { JsonRpcTransportHandler, ServerCallContext } from "@a2a-js/sdk/server";
import type { Request, Response, Router } from "express";
import { AppError } from "#errors";
import type { Caller } from "#ports/caller.ts";
import { A2aCall, A2aCardQuery } from "#protocol/a2a.ts";
import { AssistantPath } from "#protocol/assistants.ts";
import { JsonRecord } from "#protocol/fields.ts";
import { JsonRpcMessage } from "#protocol/mcp.ts";
import { a2aAgent } from "../agents/a2a-agent.ts";
import { agentCard, fieldsOfOldCards } from "../agents/a2a-card.ts";
import { configurableHeaders } from "../configurable-headers.ts";
import type { RouteContext } from "../context.ts";
import { disconnectSignal } from "../disconnect.ts";
import { endpoints } from "../endpoint.ts";
import { json } from "../openapi/answers.ts";
import { type SseOptions, sendTexts } from "../sse.ts";

const CARD = "/.well-known/agent-card.json";

/**
 * Every assistant as an agent of the Agent2Agent protocol, JSON-RPC over HTTP in both its versions: 0.3 (`message/send`) and 1.0
 * (`SendMessage`), told apart by the method's name.
 *
 * @param prefix under which everything is mounted; cards name addresses
 */
export function a2aRoutes({ services, caller, log, stream, tellDenial }: RouteContext, prefix: string): Router {
  const { router, get, post } = endpoints("Other protocols", caller);
  const urlOf = (request: Request, assistantId: string) => `${request.protocol}://${request.get("host") ?? "localhost"}${prefix}/a2a/${assistantId}`;

  async function sendCard(who: Caller, request: Request, response: Response, name: string): Promise<void> {
    const assistant = await services.assistants.get(who, name);
    const url = urlOf(request, assistant.assistant_id);
    response.json({ ...fieldsOfOldCards(url), ...(AgentCard.toJSON(agentCard(assistant, url)) as object) });
  }

  get(
    CARD,
    { summary: "Get the A2A card of an assistant", query: A2aCardQuery, answers: json(JsonRecord, "The card.") },
    async ({ who, query: { assistant_id }, request, response }) => {
      if (assistant_id === undefined) throw new AppError("invalid_request", `Every assistant has a card of its own: ${CARD}?assistant_id=…`);
      await sendCard(who, request, response, assistant_id);
    },
  );
  get(
    `/a2a/:assistant_id${CARD}`,
    { summary: "Get the A2A card of an assistant", path: AssistantPath, answers: json(JsonRecord, "The card.") },
    ({ who, path, request, response }) => sendCard(who, request, response, path.assistant_id),
  );

  const about = "Both versions of the protocol, told apart by the method's name. Methods that stream answer `text/event-stream`.";
  const message = { summary: "Talk to an assistant over A2A", about, path: AssistantPath, bodyReadElsewhere: JsonRpcMessage, answers: json(JsonRpcMessage) };
  post("/a2a/:assistant_id", message, async ({ who, path, request, response }) => {
    const assistant = await services.assistants.get(who, path.assistant_id);
    const card = agentCard(assistant, urlOf(request, assistant.assistant_id));
    const headers = configurableHeaders(request.headers);
    const call = A2aCall.safeParse(request.body);
    const refused = (error: unknown, named: string[]) => tellDenial?.(request, error, { step: call.data?.method ?? "", named });
    const agent = a2aAgent({ services, log, caller: who, assistant, card, headers, signal: disconnectSignal(response), refused });
    const old = call.success && isLegacyJsonRpcMethod(call.data.method);
    const handler = old ? new LegacyJsonRpcTransportHandler(agent) : new JsonRpcTransportHandler(agent);
    const context = new ServerCallContext({ requestedVersion: request.get(A2A_VERSION_HEADER) ?? (old ? "0.3" : "1.0") });
    // anything but an object is answered in JSON-RPC's words
    const answer = await handler.handle(request.body as Record<string, unknown>, context);
    if (!(Symbol.asyncIterator in answer)) return void response.json(answer);
    const toFailure = (error: unknown) => ({
      jsonrpc: "2.0",
      id: call.data?.id ?? null,
      error: old ? LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError(error) : JsonRpcTransportHandler.mapToJSONRPCError(error),
    });
    await sendStream(response, answer, toFailure, { log, ...stream });
  });
  router.all("/a2a/:assistant_id", (request) => {
    throw new AppError("invalid_request", `Messages are sent with POST, not ${request.method}.`);
  });
  return router;
}

/** The headers leave with the first event, so that what fails before it is a plain answer. */
async function sendStream(response: Response, events: AsyncGenerator<object>, toFailure: (error: unknown) => object, options: SseOptions): Promise<void> {
  let first: IteratorResult<object>;
  try {
    first = await events.next();
  } catch (error) {
    return void response.json(toFailure(error));
  }
  response.set(SSE_HEADERS).flushHeaders();
  await sendTexts(response, texts(), options);

  async function* texts(): AsyncGenerator<string> {
    try {
      if (first.done !== true) yield formatSSEEvent(first.value);
      for await (const event of events) yield formatSSEEvent(event);
    } catch (error) {
      yield formatSSEEvent(toFailure(error));
    } finally {
      // a reader that left or was dropped after the first event
      await events.return(undefined);
    }
  }
}
