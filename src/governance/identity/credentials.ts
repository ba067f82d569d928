import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { AppError } from "#errors";
import { looksLikeApiKey } from "./api-key.ts";

export type Presented = { kind: "service"; key: string; onBehalfOf: string | null } | { kind: "api-key"; key: string } | { kind: "jwt"; token: string };

const BEARER = /^Bearer +(\S+) *$/i;

/**
 * What a request brings, not checked yet; null for nothing. A key also goes as a bearer, as clients of MCP and A2A send it. A foreign
 * `x-api-key` beside a bearer is not looked at: LangGraph's SDK sends whatever LANGSMITH_API_KEY holds.
 *
 * @throws AppError `unauthorized` for a request that says two things, or something unreadable
 */
export function credentialsOf(headers: IncomingHttpHeaders): Presented | null {
  const { authorization } = headers;
  const [service, apiKey, onBehalfOf] = ["x-service-key", "x-api-key", "x-on-behalf-of"].map((name) => textOf(headers[name]));
  if (service) return { kind: "service", key: service, onBehalfOf: onBehalfOf ?? null };
  if (onBehalfOf) throw new AppError("unauthorized", "x-on-behalf-of takes an x-service-key.");
  if (apiKey && looksLikeApiKey(apiKey)) return { kind: "api-key", key: apiKey };
  const bearer = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
  if (bearer !== undefined) return looksLikeApiKey(bearer) ? { kind: "api-key", key: bearer } : { kind: "jwt", token: bearer };
  if (authorization) throw new AppError("unauthorized", 'The header Authorization must be "Bearer" and a token.');
  return apiKey ? { kind: "api-key", key: apiKey } : null;
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header;
}

/** Compares in a time that tells nothing of where they differ, or how long they are. */
export function isSameSecret(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
