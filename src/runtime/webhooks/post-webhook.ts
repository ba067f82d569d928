import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";

export type ResolveName = (hostname: string) => Promise<LookupAddress[]>;

export interface PostWebhook {
  url: string;
  headers: Record<string, string>;
  body: string;
  timeoutMs: number;
  /** Aborts the send; the receiver may have it already. */
  signal: AbortSignal;
  /** Which addresses may be spoken to. */
  mayReach: (address: string) => boolean;
  resolve?: ResolveName;
}

export type Posted =
  /** Somebody answered; 2xx means that it was taken. */
  | { kind: "answered"; status: number }
  /** Nobody did, in words for the log. */
  | { kind: "failed"; reason: string }
  /** It leads where webhooks may not go. */
  | { kind: "forbidden"; reason: string };

/** Of an answer's body only that much is let in; nobody reads it. */
const BODY_BYTES = 4 * 1_024;

const systemResolver: ResolveName = (hostname) => lookup(hostname, { all: true });

class ForbiddenAddress extends Error {}

/**
 * Posts once. The name is resolved once, every address it has is checked, and the connection is made to what was checked: a name that
 * answers something else a moment later changes nothing. Redirects are not followed. Resolves at the status line. Never throws.
 */
export function postWebhook(input: PostWebhook): Promise<Posted> {
  const url = new URL(input.url);
  const literal = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(literal) !== 0 && !input.mayReach(literal))
    return Promise.resolve({ kind: "forbidden", reason: `${literal} is not an address of the open internet` });
  return new Promise((resolve) => {
    const timeout = AbortSignal.timeout(input.timeoutMs);
    const signal = AbortSignal.any([timeout, input.signal]);
    const outgoing = open(url, {
      method: "POST",
      headers: { ...input.headers, "content-type": "application/json", "content-length": Buffer.byteLength(input.body), "user-agent": "slipway-webhooks" },
      lookup: checkedLookup(input.resolve ?? systemResolver, input.mayReach),
      signal,
    });
    outgoing.on("response", (response) => {
      let bytes = 0;
      response.on("error", () => {});
      response.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > BODY_BYTES) outgoing.destroy();
      });
      resolve({ kind: "answered", status: response.statusCode ?? 0 });
    });
    outgoing.on("error", (error) => {
      if (error instanceof ForbiddenAddress) resolve({ kind: "forbidden", reason: error.message });
      else resolve({ kind: "failed", reason: timeout.aborted ? `no answer within ${input.timeoutMs} ms` : reasonOf(error) });
    });
    outgoing.end(input.body);
  });
}

/** A connection of its own: one that is kept open would be used again without a look at where it leads. */
function open(url: URL, options: RequestOptions): ClientRequest {
  return url.protocol === "https:"
    ? httpsRequest(url, { ...options, agent: new HttpsAgent({ keepAlive: false }) })
    : httpRequest(url, { ...options, agent: new HttpAgent({ keepAlive: false }) });
}

function checkedLookup(resolveName: ResolveName, mayReach: PostWebhook["mayReach"]): LookupFunction {
  return (hostname, options, callback) => {
    resolveName(hostname).then(
      (addresses) => {
        const forbidden = addresses.find(({ address }) => !mayReach(address));
        const [first] = addresses;
        if (forbidden !== undefined) callback(new ForbiddenAddress(`the name leads to ${forbidden.address}, which is not an address of the open internet`), []);
        else if (first === undefined) callback(new Error("the name has no address"), []);
        else if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), []),
    );
  };
}

/** Codes say enough and quote nothing of the address, which may hold a secret. */
function reasonOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
