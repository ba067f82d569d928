import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { z } from "zod";
import type { Memory } from "./memory.ts";
import { Activate, Feed, Shutdown, Undeploy, type Outcome, type Status } from "./protocol.ts";

export interface ControlActions {
  memory: Memory;
  status(): Status;
  activate(request: Activate): Promise<Outcome>;
  undeploy(slug: string): Promise<void>;
  shutdown(apps: "stop" | "keep"): Promise<void>;
}

const BODY_LIMIT = 10_000_000;

async function readBody<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    const bytes = piece as Buffer;
    size += bytes.length;
    if (size > BODY_LIMIT) throw new Error("too large");
    pieces.push(bytes);
  }
  return schema.parse(JSON.parse(Buffer.concat(pieces).toString("utf8")));
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/**
 * The control socket: HTTP on a unix socket in a folder that only this user can open, so no web page and no other user reaches it.
 *   GET /status · GET /events (a line of status after each change; its end means that the supervisor is gone)
 *   POST /activate (answers when the activation ended) · /undeploy · /launches · /shutdown
 */
export async function listenControl(path: string, actions: ControlActions): Promise<Server> {
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    handle(request, response, actions).catch((error: unknown) => {
      // a parse error quotes what it parsed, and that may hold a secret
      const words = error instanceof SyntaxError || (error instanceof Error && error.name === "ZodError") ? "unreadable request" : String(error);
      if (response.headersSent) response.destroy();
      else answer(response, 400, { message: words });
    });
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}

async function handle(request: IncomingMessage, response: ServerResponse, actions: ControlActions): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case "GET /status":
      return answer(response, 200, actions.status());
    case "GET /events": {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      const send = () => void response.write(`${JSON.stringify(actions.status())}\n`);
      send();
      response.on("close", actions.memory.onChange(send));
      return;
    }
    case "POST /activate":
      return answer(response, 200, await actions.activate(await readBody(request, Activate)));
    case "POST /undeploy":
      await actions.undeploy((await readBody(request, Undeploy)).slug);
      return answer(response, 200, actions.status());
    case "POST /launches": {
      const { launches } = await readBody(request, Feed);
      for (const [releaseId, launch] of Object.entries(launches)) actions.memory.launches.set(releaseId, launch);
      actions.memory.touch();
      return answer(response, 200, actions.status());
    }
    case "POST /shutdown": {
      const { apps } = await readBody(request, Shutdown);
      await actions.shutdown(apps);
      return answer(response, 200, {});
    }
    default:
      return answer(response, 404, { message: "unknown" });
  }
}
