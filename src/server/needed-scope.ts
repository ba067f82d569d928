import type { Request } from "express";
import type { Scope } from "#ports/identity.ts";

const READING = new Set(["GET", "HEAD", "OPTIONS"]);

/** Asked with POST, because the question is long. The whole path: an application of the user may have routes that end alike. */
const QUESTIONS =
  /^\/(?:(?:threads|assistants|runs\/crons)\/(?:search|count)|store\/(?:items\/search|namespaces)|assistants\/[^/]+\/versions|threads\/[^/]+\/(?:history|state\/checkpoint|stream\/events))\/?$/;

/** Many things behind one path; what each of them takes is asked where it is done. So are runs: one that answers a question is a decision. */
const JUDGED_LATER = /^\/(?:mcp|ui\/[^/]+|a2a\/[^/]+|threads\/[^/]+\/commands|(?:threads\/[^/]+\/)?runs(?:\/(?:stream|wait|batch))?)\/?$/;

const KEYS = /^\/auth\/keys(?:\/|$)/;
const DECISIONS = /^\/approvals\/(?:[^/]+\/)?decisions?\/?$/;

/**
 * The least that a credential must be good for to make this request. A second look, at the door: what is asked of threads, assistants, crons
 * and the store is judged event by event; this also covers what no event is about, and routes of an application of the user.
 */
export function neededScope({ method, path }: Pick<Request, "method" | "path">): Scope {
  if (READING.has(method)) return "read";
  if (DECISIONS.test(path)) return "approve";
  if (KEYS.test(path)) return "admin";
  return method === "POST" && (QUESTIONS.test(path) || JUDGED_LATER.test(path)) ? "read" : "write";
}
