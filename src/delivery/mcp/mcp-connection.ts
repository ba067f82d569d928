/**
 * One MCP server, connected when it is first needed.
 *
 * down → (`open`) connecting → up: its tools are known; a process runs, or an HTTP session is there.
 * up → down: its process died, it closed, or it stopped answering. The next `open` connects anew: at once after a server that had
 *   worked, else not before a pause that doubles from one second to a minute, during which `open` fails with the last reason.
 * any → closed (`close`): a connection that is being made is broken off, its process is ended; `open` fails.
 */
import {
  Client,
  ProtocolError,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type CallToolResult,
  type Tool,
  type Transport,
} from "@modelcontextprotocol/client";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { AppError } from "#errors";
import { VERSION } from "#version";
import type { NamedServer } from "./mcp-config.ts";
import { unlessAborted } from "./unless-aborted.ts";

const CONNECT_MS = 15_000;
const CALL_MS = 120_000;
const LONGEST_CALL_MS = 600_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const STDERR_KEPT = 500;

interface Up {
  readonly client: Client;
  readonly tools: readonly Tool[];
}

export class McpConnection {
  readonly name: string;
  readonly #server: NamedServer;
  readonly #now: () => number;
  #current: Promise<Up> | null = null;
  /** Those that are up. */
  readonly #clients = new WeakSet<Client>();
  #failure: { reason: string; until: number; pauseMs: number } | null = null;
  readonly #closing = new AbortController();

  constructor(server: NamedServer, now: () => number) {
    this.name = server.name;
    this.#server = server;
    this.#now = now;
  }

  /** Its tools. @throws AppError `not_found` with the reason, when it is down. */
  async tools(): Promise<readonly Tool[]> {
    return (await this.#open()).tools;
  }

  /** @throws AppError `not_found` when it is down; whatever the SDK throws when the call fails; the reason of the signal. */
  async call(tool: string, args: Record<string, unknown>, signal: AbortSignal | undefined): Promise<CallToolResult> {
    const { client } = await this.#open();
    const limits = { timeout: CALL_MS, maxTotalTimeout: LONGEST_CALL_MS, resetTimeoutOnProgress: true, onprogress: () => {} };
    try {
      return await client.callTool({ name: tool, arguments: args }, { ...limits, ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      // a remote server that was restarted does not know the session any more; a process that dies says so itself
      const answered = error instanceof ProtocolError || signal?.aborted === true;
      if (!answered && this.#server.config.kind !== "process" && this.#drop(client)) void client.close().catch(() => {});
      throw error;
    }
  }

  /** A text without the values that must not be shown. */
  masked(text: string): string {
    return this.#server.secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("the server is stopping"));
    const current = this.#current;
    this.#current = null;
    await current?.then(
      ({ client }) => client.close(),
      () => {},
    );
  }

  #open(): Promise<Up> {
    if (this.#closing.signal.aborted) return Promise.reject(this.#down("the server is stopping"));
    if (this.#current !== null) return this.#current;
    const { missing } = this.#server;
    if (missing.length > 0) return Promise.reject(this.#down(`${missing.join(", ")} is not set`));
    if (this.#failure !== null && this.#now() < this.#failure.until) return Promise.reject(this.#down(this.#failure.reason));
    const opening = this.#connect().then(
      (up) => {
        this.#failure = null;
        return up;
      },
      (error: unknown) => {
        if (this.#current === opening) this.#current = null;
        const pauseMs = Math.min((this.#failure?.pauseMs ?? FIRST_PAUSE_MS / 2) * 2, LONGEST_PAUSE_MS);
        const reason = this.masked(error instanceof Error ? error.message : String(error));
        this.#failure = { reason, until: this.#now() + pauseMs, pauseMs };
        throw this.#down(reason);
      },
    );
    this.#current = opening;
    return opening;
  }

  async #connect(): Promise<Up> {
    const { transport, said } = this.#transport();
    const isProcess = this.#server.config.kind === "process";
    const client = new Client(
      { name: "slipway", version: VERSION },
      {
        // a process would be started twice only to learn its revision
        ...(isProcess ? {} : { versionNegotiation: { mode: "auto" as const, probe: { timeoutMs: CONNECT_MS } } }),
        listChanged: { tools: { autoRefresh: false, onChanged: () => this.#forget(client) } },
      },
    );
    client.onclose = () => this.#drop(client);
    try {
      await unlessAborted(client.connect(transport, { timeout: CONNECT_MS }), this.#closing.signal);
      const { tools } = await unlessAborted(client.listTools(undefined, { timeout: CONNECT_MS }), this.#closing.signal);
      if (client.transport === undefined) throw new Error("it closed the connection");
      this.#clients.add(client);
      return { client, tools };
    } catch (error) {
      await client.close().catch(() => {});
      // one that is still finding out which revision the server speaks is not the client's yet
      await transport.close().catch(() => {});
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(said() === "" ? message : `${message}; it said: ${said()}`, { cause: error });
    }
  }

  /** Connected, but what it offers has changed. */
  #forget(client: Client): void {
    if (!this.#clients.has(client)) return;
    const again = client.listTools(undefined, { timeout: CONNECT_MS, cacheMode: "refresh" }).then(({ tools }) => ({ client, tools }));
    again.catch(() => this.#drop(client));
    this.#current = again;
  }

  /** True when it was up until now. */
  #drop(client: Client): boolean {
    const wasUp = this.#clients.delete(client);
    if (wasUp) this.#current = null;
    return wasUp;
  }

  #transport(): { transport: Transport; said: () => string } {
    const { config } = this.#server;
    if (config.kind === "process") {
      const { command, args, cwd } = config;
      const transport = new StdioClientTransport({ command, args: [...args], cwd, env: { ...getDefaultEnvironment(), ...config.env }, stderr: "pipe" });
      let tail = "";
      transport.stderr?.on("data", (chunk: Buffer) => (tail = (tail + chunk.toString("utf8")).slice(-STDERR_KEPT)));
      return { transport, said: () => tail.trim() };
    }
    const url = new URL(config.url);
    const requestInit = { headers: { ...config.headers } };
    const transport = config.kind === "sse" ? new SSEClientTransport(url, { requestInit }) : new StreamableHTTPClientTransport(url, { requestInit });
    return { transport, said: () => "" };
  }

  #down(reason: string): AppError {
    return new AppError("not_found", `The MCP server "${this.name}" does not answer: ${reason}`);
  }
}
