import { AppError } from "#errors";
import { errorResponse } from "./model-errors.ts";

/**
 * The way to a live endpoint. One request is tried until it is answered, refused for good, or the tries are used up:
 *
 *   try -> answered                     -> the response, its body watched for silence
 *       -> 408, 409, 429, 5xx           -> wait (Retry-After, else the next delay), try again
 *       -> no headers in time, no line  -> the same
 *       -> 400 about an option          -> drop to the next simpler form of the option, try again at once; remembered for this endpoint
 *       -> anything else (401, 404 …)   -> the response as it is
 *
 * Retries live here and not in LangChain: its caller gives up on a 429 without Retry-After and retries what cannot succeed.
 */
export interface SenderOptions {
  /** Longest wait for the headers, and longest silence within a body. */
  timeoutMs: number;
  /** Pauses between tries; their number is the number of retries. */
  retryDelaysMs: readonly number[];
}

export type Sender = (url: string, init: RequestInit) => Promise<Response>;

const LONGEST_WAIT_MS = 60_000;

type Body = Record<string, unknown>;

/** Options that not every endpoint knows, each with its simpler forms in order. */
const SIMPLER: readonly { mentions: RegExp; applies: (body: Body) => boolean; simplify: (body: Body) => Body }[] = [
  {
    mentions: /tool.?choice/i,
    applies: (body) => typeof body["tool_choice"] === "object" && body["tool_choice"] !== null,
    simplify: (body) => ({ ...body, tool_choice: "required" }),
  },
  { mentions: /tool.?choice/i, applies: (body) => body["tool_choice"] === "required", simplify: (body) => without(body, "tool_choice") },
  { mentions: /stream.?options/i, applies: (body) => "stream_options" in body, simplify: (body) => without(body, "stream_options") },
  { mentions: /parallel.?tool/i, applies: (body) => "parallel_tool_calls" in body, simplify: (body) => without(body, "parallel_tool_calls") },
];

export function createSender(options: SenderOptions): Sender {
  const learned = new Set<(typeof SIMPLER)[number]>();

  return async function send(url, init) {
    let body = parseBody(init.body);
    for (const simpler of SIMPLER) if (learned.has(simpler) && simpler.applies(body)) body = simpler.simplify(body);
    for (let tries = 0; ;) {
      const outcome = await tryOnce(url, { ...init, body: JSON.stringify(body) }, options.timeoutMs);
      if (outcome.response?.status === 400) {
        const text = await outcome.response.clone().text();
        const simpler = SIMPLER.find((each) => each.mentions.test(text) && each.applies(body));
        if (simpler === undefined) return outcome.response;
        learned.add(simpler);
        body = simpler.simplify(body);
        continue;
      }
      const delay = options.retryDelaysMs[tries];
      if (outcome.response !== null && !mayPass(outcome.response.status)) return outcome.response;
      if (delay === undefined) return outcome.response ?? errorResponse(outcome.failure);
      const asked = outcome.response === null ? null : retryAfter(outcome.response);
      if (asked !== null && asked > LONGEST_WAIT_MS) return outcome.response ?? errorResponse(outcome.failure);
      await outcome.response?.body?.cancel();
      await pause(asked ?? delay, init.signal ?? null);
      tries++;
    }
  };
}

type Outcome = { response: Response; failure: null } | { response: null; failure: AppError };

async function tryOnce(url: string, init: RequestInit, timeoutMs: number): Promise<Outcome> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), timeoutMs);
  const signals = init.signal ? [init.signal, silence.signal] : [silence.signal];
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.any(signals) });
    return { response: watchSilence(response, timeoutMs, silence), failure: null };
  } catch (error) {
    init.signal?.throwIfAborted();
    const host = new URL(url).origin;
    const why = silence.signal.aborted ? `did not begin to answer within ${timeoutMs / 1000} s` : `cannot be reached (${causeOf(error)})`;
    return {
      response: null,
      failure: new AppError("model_failed", `The model endpoint ${host} ${why}. Check OPENAI_BASE_URL and that it is running.`, {
        details: { retryable: true },
      }),
    };
  } finally {
    clearTimeout(timer);
  }
}

/** The same response with a body that fails when nothing arrives for `timeoutMs`. */
function watchSilence(response: Response, timeoutMs: number, silence: AbortController): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      let timer: NodeJS.Timeout | undefined;
      const quiet = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(
          () =>
            reject(
              new AppError("model_failed", `The model fell silent in the middle of its answer for ${timeoutMs / 1000} s.`, { details: { retryable: true } }),
            ),
          timeoutMs,
        );
      });
      try {
        const { done, value } = await Promise.race([reader.read(), quiet]);
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        silence.abort();
        controller.error(error);
      } finally {
        clearTimeout(timer);
      }
    },
    async cancel(reason) {
      await reader.cancel(reason);
      silence.abort();
    },
  });
  return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
}

function mayPass(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

function retryAfter(response: Response): number | null {
  const header = response.headers.get("retry-after");
  const seconds = header === null || header.trim() === "" ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

function pause(ms: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function parseBody(body: unknown): Body {
  const parsed: unknown = typeof body === "string" ? JSON.parse(body) : {};
  // the OpenAI SDK always sends a JSON object
  return parsed as Body;
}

function without(body: Body, name: string): Body {
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (typeof cause === "object" && cause !== null && "code" in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : String(cause);
}
