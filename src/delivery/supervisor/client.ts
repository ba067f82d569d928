import { request as httpRequest } from "node:http";
import { createInterface } from "node:readline";
import { z } from "zod";
import { AppError } from "#errors";
import { Outcome, Status, type Activate, type Feed } from "./protocol.ts";

const AnyAnswer = z.object({});
const Hello = z.object({ protocol: z.number(), pid: z.number(), proxyPort: z.number().nullable() });

/** True for errors that mean "the supervisor went away", which a new one repairs. */
export function isConnectionLost(error: unknown): boolean {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" && ["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "ECONNABORTED"].includes(code);
}

function call<T>(socketPath: string, method: "GET" | "POST", path: string, body: unknown, schema: z.ZodType<T>, timeoutMs?: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath, method, path, agent: false, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on("data", (piece: Buffer) => pieces.push(piece));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(pieces).toString("utf8");
        try {
          if (answer.statusCode !== 200) throw new AppError("deploy_failed", `The supervisor refused: ${text.slice(0, 500)}`);
          resolve(schema.parse(JSON.parse(text)));
        } catch (error) {
          reject(error);
        }
      });
    });
    outgoing.on("timeout", () => outgoing.destroy(Object.assign(new Error("the supervisor does not answer"), { code: "ECONNABORTED" })));
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The supervisor as the server sees it. Every call rejects with the connection's error when it is gone; see `isConnectionLost`. */
export interface SupervisorClient {
  /** Who answers, readable whatever protocol it speaks. */
  hello(): Promise<z.infer<typeof Hello>>;
  status(): Promise<Status>;
  /** Answers when the activation ended. The same operation again is joined. */
  activate(request: Activate): Promise<Outcome>;
  undeploy(slug: string): Promise<Status>;
  feed(launches: Feed["launches"]): Promise<Status>;
  shutdown(apps: "stop" | "keep"): Promise<void>;
  /** The status now and after each change, until the supervisor is gone or the signal aborts. */
  events(signal: AbortSignal): AsyncIterable<Status>;
}

/** Speaks to the supervisor over its socket. */
export function createClient(socketPath: string): SupervisorClient {
  return {
    hello: () => call(socketPath, "GET", "/status", undefined, Hello, 5_000),
    status: () => call(socketPath, "GET", "/status", undefined, Status, 5_000),
    activate: (request) => call(socketPath, "POST", "/activate", request, Outcome),
    undeploy: (slug) => call(socketPath, "POST", "/undeploy", { slug }, Status),
    feed: (launches) => call(socketPath, "POST", "/launches", { launches }, Status),
    async shutdown(apps) {
      await call(socketPath, "POST", "/shutdown", { apps }, AnyAnswer);
    },
    async *events(signal) {
      const answer = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
        const outgoing = httpRequest({ socketPath, path: "/events", agent: false, signal }, resolve);
        outgoing.on("error", reject);
        outgoing.end();
      });
      answer.on("error", () => {});
      for await (const line of createInterface({ input: answer })) yield Status.parse(JSON.parse(line));
    },
  };
}
