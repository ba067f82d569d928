import { once } from "node:events";
import type { Response, Router } from "express";
import { AppError } from "#errors";
import type { LogEvent } from "#protocol/events/events.ts";
import {
  AuditAnswer,
  AuditQuery,
  EventMetricsAnswer,
  EventsAnswer,
  EventsQuery,
  EventStreamQuery,
  MetricsQuery,
  SessionMetricsAnswer,
  SessionPath,
  SessionsAnswer,
  SessionsQuery,
} from "#protocol/events/queries.ts";
import type { StreamFrame } from "#protocol/wire.ts";
import type { RouteContext } from "../context.ts";
import { disconnectSignal } from "../disconnect.ts";
import { endpoints } from "../endpoint.ts";
import { eventStream, json } from "../openapi/answers.ts";
import { openEventStream, sendEvents } from "../sse.ts";

const EXPORTED_AT_ONCE = 1_000;

/** What happened: as a list, live, in figures, and as a log that can be proved. */
export function eventRoutes({ services: { events }, caller, log, stream }: RouteContext): Router {
  const { router, get } = endpoints("Events", caller);

  get(
    "/events",
    {
      summary: "List what happened",
      about: "Newest first unless `order=asc`; go on with `cursor` = `next_cursor`. Yours; an administrator's answer has everybody's.",
      query: EventsQuery,
      answers: json(EventsAnswer),
    },
    async ({ who, query: { filter, page }, response }) => {
      response.json(await events.list(who, filter, page));
    },
  );

  get(
    "/events/stream",
    {
      summary: "Follow what happens",
      about: "From now on, or after the number in `Last-Event-ID` or `after`. `event` is the type, `id` the number.",
      query: EventStreamQuery,
      headers: { "last-event-id": "Number of the last event that was seen." },
      answers: eventStream("Events as they get their place in the log; stays open."),
    },
    async ({ who, query: { filter, after }, request, response }) => {
      const position = lastEventId(request.get("last-event-id")) ?? after ?? null;
      const found = await events.follow(who, filter, { after: position, signal: disconnectSignal(response) });
      openEventStream(response);
      await sendEvents(response, framesOf(found), { log, ...stream });
    },
  );

  get("/events/metrics", { summary: "Count what happened", query: MetricsQuery, answers: json(EventMetricsAnswer) }, async ({ who, query, response }) => {
    response.json(await events.metrics(who, query));
  });

  get(
    "/events/metrics/sessions",
    { summary: "Count what happened, by conversation", query: SessionsQuery, answers: json(SessionsAnswer, "The one with the newest event first.") },
    async ({ who, query: { window, page }, response }) => {
      response.json(await events.sessions(who, window, page));
    },
  );

  get(
    "/events/metrics/session/:session_id",
    { summary: "Count what happened in a conversation", about: "With what its teams did.", path: SessionPath, answers: json(SessionMetricsAnswer) },
    async ({ who, path, response }) => {
      response.json(await events.sessionMetrics(who, path.session_id));
    },
  );

  get(
    "/events/audit-log",
    {
      summary: "Read the audit log",
      about:
        "Approvals, deployments and what concerns security. Each row has a hash over itself and the hash before it; `npx slipway audit verify` computes them again. `format=jsonl`: all of it that fits the filter, oldest first, one JSON object a line.",
      query: AuditQuery,
      answers: json(AuditAnswer),
    },
    async ({ who, query: { filter, page, format }, response }) => {
      if (format === "json") {
        response.json(await events.auditLog(who, filter, page));
        return;
      }
      let cursor: number | null = 0;
      while (cursor !== null && !response.destroyed) {
        const part = await events.auditLog(who, filter, { order: "asc", limit: EXPORTED_AT_ONCE, cursor });
        if (!response.headersSent) response.type("application/jsonl");
        await write(response, part.items.map((item) => `${JSON.stringify(item)}\n`).join(""));
        cursor = part.next_cursor;
      }
      response.end();
    },
  );

  return router;
}

async function write(response: Response, text: string): Promise<void> {
  if (text === "" || response.write(text)) return;
  await Promise.race([once(response, "drain"), once(response, "close")]);
}

async function* framesOf(events: AsyncIterable<LogEvent>): AsyncGenerator<StreamFrame> {
  for await (const event of events) yield { id: String(event.seq), event: event.type, data: JSON.stringify(event) };
}

function lastEventId(header: string | undefined): number | null {
  const text = header?.trim() ?? "";
  if (text === "") return null;
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number))
    throw new AppError("invalid_request", `Last-Event-ID must be the number of an event, not "${text.slice(0, 100)}".`);
  return number;
}
