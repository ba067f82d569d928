import { request } from "node:http";

export interface ServiceAnswer {
  status: number;
  ok: boolean;
  body: string;
}

/**
 * Asks a deployed service through the proxy as a browser would. `name.localhost` does not resolve on every machine, so the connection
 * goes to 127.0.0.1 with the name in the Host header.
 */
export function probeService(input: { url: string; path: string }): Promise<ServiceAnswer> {
  const { host, port } = new URL(input.url);
  return new Promise((answered, failed) => {
    const call = request({ host: "127.0.0.1", port, path: input.path, headers: { host }, timeout: 10_000 }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        answered({ status, ok: status >= 200 && status < 300, body: Buffer.concat(pieces).toString("utf8").trim().slice(0, 300) });
      });
    });
    call.on("timeout", () => call.destroy(new Error("no answer within 10 s")));
    call.on("error", failed);
    call.end();
  });
}
