import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedWebhook {
  path: string;
  headers: IncomingHttpHeaders;
  /** As it came: what is signed. */
  text: string;
  body: Record<string, unknown>;
}

export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** In order of arrival. */
  readonly received: readonly ReceivedWebhook[];
}

/** A receiver of webhooks over real HTTP. The script answers each of them, or keeps silent; 204 unless given. */
export async function startWebhookReceiver(
  script: (response: ServerResponse, call: number) => void = (response) => response.writeHead(204).end(),
): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("error", () => {});
    response.on("error", () => {});
    request.on("end", () => {
      const text = Buffer.concat(pieces).toString("utf8");
      // sent by the code under test as JSON
      received.push({ path: request.url ?? "", headers: request.headers, text, body: JSON.parse(text) as Record<string, unknown> });
      script(response, received.length - 1);
    });
  });
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  // an address of TCP: AddressInfo, never a pipe's path
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
