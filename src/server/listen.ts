import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Express } from "express";
import { AppError } from "#errors";
import { isWebSocketRequest, passUpgrades } from "./web-socket.ts";

export interface ListenOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  /** Whether somebody chose this port. If not, the next free one is as good. */
  portWasAsked: boolean;
}

/** A server that takes requests. Closing twice is closing once. */
export interface Listening extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The port that was tried first, when it was taken; the one who starts the server says so. */
  readonly movedFrom: number | null;
  /**
   * Takes no new connections, gives open answers `graceMs` to end, then cuts what is left. Event streams of unfinished runs are cut and
   * never ended: a proper end would tell their clients that the run is over, a cut one makes them come back to the next process.
   */
  close(options: { graceMs: number }): Promise<void>;
}

/** How many ports are tried above the default one. */
const PORTS_TRIED = 100;
const KEEP_ALIVE_MS = 75_000;
/** Identity, limits, measuring and the answer each listen for the end of a response: with a piped one more than the ten that Node takes for a leak. */
const RESPONSE_LISTENERS = 30;

/** Serves the app. Throws `port_taken` when an asked port is taken, `invalid_config` when host or port cannot be used at all. */
export async function listen(app: Express, options: ListenOptions): Promise<Listening> {
  const server = createServer({ shouldUpgradeCallback: isWebSocketRequest }, app);
  // longer than clients and proxies keep theirs, so that no request meets a closing connection
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const open = trackAnswers(server);
  const sockets = passUpgrades(server, app);
  const port = await bind(server, options);
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  let closing: Promise<void> | null = null;
  const close = ({ graceMs }: { graceMs: number }): Promise<void> => (closing ??= closeServer(server, open, sockets, graceMs));
  return {
    url: `http://${host}:${port}`,
    port,
    movedFrom: options.port === 0 || port === options.port ? null : options.port,
    close,
    [Symbol.asyncDispose]: () => close({ graceMs: 0 }),
  };
}

async function bind(server: Server, { host, port, portWasAsked }: ListenOptions): Promise<number> {
  const last = portWasAsked || port === 0 ? port : Math.min(port + PORTS_TRIED, 65_535);
  for (let candidate = port; candidate <= last; candidate += 1) {
    const failure = await tryPort(server, host, candidate);
    // an address of TCP: AddressInfo, never a pipe's path
    if (failure === null) return (server.address() as AddressInfo).port;
    if (failure.code !== "EADDRINUSE") {
      throw new AppError(
        "invalid_config",
        `Cannot listen on ${host}:${candidate} (${failure.code ?? failure.message}). Set HOST and PORT to an address of this machine.`,
        { cause: failure },
      );
    }
  }
  const range = last === port ? `Port ${port}` : `Every port from ${port} to ${last}`;
  throw new AppError("port_taken", `${range} on ${host} is taken. Stop what listens there, or set PORT to another one.`, { details: { port } });
}

async function tryPort(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  server.listen({ host, port, exclusive: true });
  try {
    await once(server, "listening");
    return null;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

function trackAnswers(server: Server): Set<ServerResponse> {
  const open = new Set<ServerResponse>();
  server.on("request", (_request, response: ServerResponse) => {
    open.add(response);
    response.setMaxListeners(RESPONSE_LISTENERS);
    response.once("close", () => {
      open.delete(response);
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
  });
  return open;
}

async function closeServer(server: Server, open: Set<ServerResponse>, sockets: ReadonlySet<Duplex>, graceMs: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const response of open) response.destroy();
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
  }, graceMs);
  await closed;
  clearTimeout(timer);
}
