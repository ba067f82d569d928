import { Agent, request as open } from "node:http";
import type { FuzzRequest, Kind } from "./requests.ts";
import type { Things } from "./things.ts";

export interface FuzzAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** What was read of it. */
  text: string;
  /** Whether it came to its end, or was left because it goes on. */
  whole: boolean;
  ms: number;
}

/** Answers that may go on for as long as a run does. */
const MAY_WAIT = /\/(?:stream|wait|join|events|cancel|mcp|decision|commands)$|\/a2a\//;
const PATIENCE_MS = 400;
/** Only ends what hangs. */
const LIMIT_MS = 30_000;
const MOST_READ = 2_000_000;

const agent = new Agent({ keepAlive: true, maxSockets: 32 });

export function closeConnections(): void {
  agent.destroy();
}

/** The request line, with the things that it is about. */
export function addressOf(request: FuzzRequest, things: Things): { method: string; path: string; body: string | undefined } {
  const [method = "", template = ""] = request.operation.split(" ");
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(filled(request.path[name] ?? "x", things)));
  const query = new URLSearchParams(request.query.map(([name, value]): [string, string] => [name, filled(value, things)])).toString();
  return { method, path: query === "" ? path : `${path}?${query}`, body: request.body === undefined ? undefined : filled(request.body, things) };
}

/** `«thread:3»` to the id of a thread. */
function filled(text: string, things: Things): string {
  return text.replaceAll(/«(\w+):(\d+)»/g, (_, kind: Kind, index: string) => {
    const ids = things.ids[kind];
    return ids[Number(index) % ids.length] ?? "none";
  });
}

/** Sends it and reads the answer; one that goes on is left after a moment, as a client would. */
export function send(url: string, request: FuzzRequest, things: Things): Promise<FuzzAnswer> {
  const { method, path, body } = addressOf(request, things);
  const { promise, resolve, reject } = Promise.withResolvers<FuzzAnswer>();
  const began = performance.now();
  const sent = method === "GET" ? "" : (body ?? "");
  const headers = {
    ...request.headers,
    "content-type": "application/json",
    // a length always: without one Node sends the body of a DELETE as if it were the next request
    "content-length": String(Buffer.byteLength(sent)),
    accept: "application/json, text/event-stream",
  };
  const outgoing = open(url, { method, path, agent, headers });
  let status = 0;
  let answered: FuzzAnswer["headers"] = {};
  let text = "";
  const finish = (whole: boolean) => {
    clearTimeout(timer);
    resolve({ status, headers: answered, text, whole, ms: performance.now() - began });
    if (!whole) outgoing.destroy();
  };
  const mayWait = MAY_WAIT.test(path.split("?")[0] ?? "");
  const timer = setTimeout(() => (mayWait ? finish(false) : reject(new Error("no answer"))), mayWait ? PATIENCE_MS : LIMIT_MS);
  outgoing.on("response", (incoming) => {
    status = incoming.statusCode ?? 0;
    answered = incoming.headers;
    incoming.setEncoding("utf8");
    incoming.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > MOST_READ) finish(false);
    });
    incoming.on("end", () => finish(true));
    incoming.on("error", () => finish(false));
  });
  outgoing.on("error", (error) => {
    clearTimeout(timer);
    reject(error);
  });
  outgoing.end(sent);
  return promise;
}
