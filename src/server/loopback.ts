import { createServer } from "node:http";
import type { Express } from "express";
import { inProcessFetch } from "./in-process-fetch.ts";

const FETCH = Symbol.for("langgraph_api:fetch");
const ADDRESS = Symbol.for("langgraph_api:url");

/** The way from a graph to the server it runs in. */
export interface Loopback extends Disposable {
  /** From now on requests are answered; earlier ones have waited. */
  serve(app: Express): void;
}

/**
 * Lets a `new Client()` without address, in a graph or in a route of `http.app`, reach this server: the LangGraph SDK looks for these two
 * symbols. A request goes through everything that one from outside goes through, authentication first; it only needs no port, so that a
 * worker without HTTP has it too. To be opened before any graph is loaded, because clients are made at the top of modules.
 *
 * @param address of this server as such a client writes it, with the prefix it is mounted under
 */
export function openLoopback(address: string): Loopback {
  const serving = Promise.withResolvers<ReturnType<typeof inProcessFetch>>();
  const shared = globalThis as Record<symbol, unknown>;
  shared[FETCH] = async (input: string | URL | Request, init?: RequestInit) => {
    const request = input instanceof Request ? new Request(input, init) : new Request(new URL(input, address), withDuplex(init));
    const fetchHere = await serving.promise;
    return fetchHere(request);
  };
  shared[ADDRESS] = address;
  return {
    serve: (app) => serving.resolve(inProcessFetch(createServer(app))),
    [Symbol.dispose]() {
      delete shared[FETCH];
      delete shared[ADDRESS];
    },
  };
}

/** Streams as bodies need the word, and clients written for other runtimes leave it out. */
function withDuplex(init: RequestInit | undefined): RequestInit {
  return init?.body === undefined || init.body === null ? { ...init } : { ...init, duplex: "half" };
}
