import { ServerResponse, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Express, Request } from "express";
import { type WebSocket, WebSocketServer } from "ws";
import { DEFAULT_BODY_BYTES } from "#protocol/body-size.ts";

/**
 * WebSockets go through the same application as every other request: host, origin, identity and limits are checked by the same lines, and a
 * refusal is the same HTTP answer. A route that takes them calls {@link acceptWebSocket}; every other route answers as to a plain request.
 */
interface Upgrade {
  socket: Duplex;
  head: Buffer;
  response: ServerResponse;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();
const sockets = new WebSocketServer({ noServer: true, maxPayload: DEFAULT_BODY_BYTES, perMessageDeflate: false, clientTracking: false });

/**
 * Other protocols that a client offers (`h2c`, of curl and Java) are left alone: their requests are plain ones. So is everything but GET, which
 * would lose its body.
 */
export function isWebSocketRequest(request: IncomingMessage): boolean {
  return request.method === "GET" && request.headers.upgrade?.toLowerCase() === "websocket";
}

/** Hands upgrade requests to the application. Answers the open connections, to be cut when the server closes. */
export function passUpgrades(server: Server, app: Express): ReadonlySet<Duplex> {
  const open = new Set<Duplex>();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    // whoever takes the socket listens for errors too; until then they only end it
    socket.on("error", () => socket.destroy());
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    // Node's HTTP server hands out its TCP sockets here
    response.assignSocket(socket as Socket);
    response.once("finish", () => socket.end());
    upgrades.set(request, { socket, head, response });
    app(request, response);
  });
  return open;
}

/** Whether a request asks to become a WebSocket. */
export function hasUpgrade(request: Request): boolean {
  return upgrades.has(request);
}

/** Completes the handshake. Call it once, for a request that {@link hasUpgrade}. */
export function acceptWebSocket(request: Request): Promise<WebSocket> {
  const upgrade = upgrades.get(request);
  if (upgrade === undefined) throw new Error("not an upgrade request");
  upgrades.delete(request);
  const { socket, head, response } = upgrade;
  response.detachSocket(socket as Socket);
  return new Promise((resolve) => sockets.handleUpgrade(request, socket, head, resolve));
}
