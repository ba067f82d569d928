import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A local OpenAI-compatible `/embeddings` over real HTTP: texts that share words have like vectors. */
export interface EmbeddingEndpoint extends AsyncDisposable {
  /** For OPENAI_BASE_URL. */
  readonly url: string;
  /** What was embedded, in order, failures included. */
  readonly texts: readonly string[];
  /** Models that were asked for. */
  readonly models: ReadonlySet<string>;
  /** While true, every request fails. */
  down: boolean;
}

export async function startEmbeddingEndpoint(dims: number): Promise<EmbeddingEndpoint> {
  const texts: string[] = [];
  const models = new Set<string>();
  const server = createServer(async (incoming, outgoing) => {
    let body = "";
    for await (const part of incoming) body += String(part);
    // the client under test is the only one that talks to this server
    const { input, model } = JSON.parse(body) as { input: string[]; model: string };
    texts.push(...input);
    models.add(model);
    outgoing.setHeader("content-type", "application/json");
    if (endpoint.down) {
      outgoing.writeHead(400).end(JSON.stringify({ error: { message: "the embedding model is out to lunch" } }));
      return;
    }
    const data = input.map((text, index) => ({ object: "embedding", index, embedding: wordVector(text, dims) }));
    outgoing.end(JSON.stringify({ object: "list", data, model, usage: { prompt_tokens: 1, total_tokens: 1 } }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // an AF_INET server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo;
  const endpoint: EmbeddingEndpoint = {
    url: `http://127.0.0.1:${port}/v1`,
    texts,
    models,
    down: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return endpoint;
}

/** Counts of words, each at the place that its letters add up to. */
export function wordVector(text: string, dims: number): number[] {
  const vector = Array.from({ length: dims }, () => 0);
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    let place = 0;
    for (const letter of word) place = (place * 31 + letter.charCodeAt(0)) % dims;
    vector[place] = (vector[place] ?? 0) + 1;
  }
  return vector;
}
