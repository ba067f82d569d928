import { request } from "node:http";

export interface Answer {
  status: number;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

/** One request through a proxy on 127.0.0.1, by Host header, on a connection of its own. Rejects when the connection breaks. */
export function ask(input: { port: number; host: string; path?: string; method?: string; body?: string; headers?: Record<string, string> }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: input.port,
        path: input.path ?? "/",
        method: input.method ?? "GET",
        agent: false,
        headers: { host: input.host, ...input.headers },
      },
      (answer) => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (piece: string) => (body += piece));
        answer.on("error", reject);
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body, headers: answer.headers }));
      },
    );
    outgoing.on("error", reject);
    outgoing.end(input.body);
  });
}

export interface Load {
  /** Ends the load and tells what came back. */
  stop(): Promise<{ total: number; failures: string[]; releases: Set<string> }>;
}

/** Clients that ask `/` again and again until they are stopped; the answer's body is taken for the release's id. */
export function startLoad(input: { port: number; host: string; clients?: number }): Load {
  const failures: string[] = [];
  const releases = new Set<string>();
  let total = 0;
  let running = true;
  const client = async () => {
    while (running) {
      try {
        const answer = await ask(input);
        if (answer.status === 200) releases.add(answer.body);
        else failures.push(`${answer.status} ${answer.body}`);
      } catch (error) {
        failures.push(String(error));
      }
      total += 1;
      // leaves some of the machine to what is being tested
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const clients = Array.from({ length: input.clients ?? 4 }, client);
  return {
    async stop() {
      running = false;
      await Promise.all(clients);
      return { total, failures, releases };
    },
  };
}
