import { request } from "node:http";
import { maskText } from "../secrets/mask.ts";

export interface Probe {
  /** HTTP status, or null when nothing answered. */
  status: number | null;
  /** True when the header `x-release` or the body carries the release's id. */
  identified: boolean;
  /** Plain words for what came back. */
  message: string;
}

const BODY_LIMIT = 65_536;
const EXCERPT = 200;

export interface ProbeInput {
  port: number;
  host: string;
  path: string;
  releaseId: string;
  timeoutMs: number;
  /** What to hide in the words about an answer, which are kept and shown; null when that is not known, and then nothing is quoted. */
  masks: readonly string[] | null;
}

/** One GET of a health path on 127.0.0.1, with the public Host, never following redirects. Never throws. */
export function probe(input: ProbeInput): Promise<Probe> {
  return new Promise((resolve) => {
    const path = input.path.startsWith("/") ? input.path : `/${input.path}`;
    let settled = false;
    const settle = (result: Probe) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      outgoing.destroy();
      resolve(result);
    };
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: input.port,
        path,
        agent: false,
        headers: { host: input.host, "user-agent": "slipway-health/1", accept: "application/json, */*;q=0.5", connection: "close" },
      },
      (answer) => {
        let body = "";
        const judge = () => {
          const status = answer.statusCode ?? 0;
          const identified = answer.headers["x-release"] === input.releaseId || body.includes(input.releaseId);
          const quote = status >= 200 && status < 300 ? "" : excerpt(body, input.masks);
          settle({ status, identified, message: `GET ${path} answered ${status}${quote}` });
        };
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          body += chunk;
          if (body.length >= BODY_LIMIT) judge();
        });
        answer.on("end", judge);
        answer.on("error", judge);
      },
    );
    const timer = setTimeout(
      () => settle({ status: null, identified: false, message: `GET ${path} did not answer within ${input.timeoutMs / 1_000} s` }),
      input.timeoutMs,
    );
    outgoing.on("error", (error) => settle({ status: null, identified: false, message: `GET ${path} failed: ${error.message}` }));
    outgoing.end();
  });
}

/** The beginning of an answer; hidden first and cut afterwards, so that no half of a secret is left. */
function excerpt(body: string, masks: readonly string[] | null): string {
  return masks === null || body === "" ? "" : `: ${maskText(body, masks).slice(0, EXCERPT)}`;
}
