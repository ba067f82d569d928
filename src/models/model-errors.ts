import { z } from "zod";
import { AppError, ERROR_CODES, isAppError, type ErrorCode } from "#errors";

/**
 * Errors cross the OpenAI SDK and LangChain in the body of a response: what `fetch` throws is rewritten by the SDK (a text that says
 * "timed out" even loses its cause), a response body is not.
 */
const Carried = z.object({ slipway: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) }) });

/** A response that `toModelError` turns back into this error. Status 400, so that nothing on the way retries it. */
export function errorResponse(error: AppError): Response {
  const body = { error: { message: "see the field slipway", slipway: { code: error.code, message: error.message, details: error.details } } };
  return new Response(JSON.stringify(body), { status: 400, headers: { "content-type": "application/json" } });
}

const HttpFailure = z.looseObject({ status: z.number(), message: z.string() });

/** What the model's caller sees: an AppError with a code and what to do, or the abort itself. Never retried inside LangChain. */
export function toModelError(error: unknown, context: { model: string; baseUrl: string }): unknown {
  if (isAppError(error) || isAbort(error)) return error;
  const carried = Carried.safeParse(typeof error === "object" && error !== null && "error" in error ? error.error : undefined);
  if (carried.success) {
    const { code, message, details } = carried.data.slipway;
    return new AppError(isErrorCode(code) ? code : "model_failed", message, { details });
  }
  const failure = HttpFailure.safeParse(error);
  if (failure.success) return httpError(failure.data, error, context);
  const message = error instanceof Error ? error.message : String(error);
  return new AppError("model_failed", `The model's answer broke off: ${message}`, { cause: error, details: { retryable: true } });
}

function httpError({ status, message }: z.infer<typeof HttpFailure>, cause: unknown, context: { model: string; baseUrl: string }): AppError {
  const said = message.split("\n\nTroubleshooting URL")[0] ?? message;
  const details = { status };
  if (status === 401 || status === 403) {
    return new AppError("model_not_configured", `The model endpoint ${context.baseUrl} refused the key (${status}). Set OPENAI_API_KEY and run it again.`, {
      cause,
      details,
    });
  }
  if (status === 404) {
    return new AppError(
      "model_not_configured",
      `The model endpoint ${context.baseUrl} does not know the model "${context.model}" (404). Set MODEL, or MODEL_<ROLE>, to one that it offers.`,
      { cause, details },
    );
  }
  const retryable = status === 408 || status === 409 || status >= 500 || (status === 429 && !/quota|billing|credit/i.test(said));
  return new AppError("model_failed", `The model endpoint answered ${status}: ${said}`, { cause, details: { ...details, retryable } });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.message === "AbortError");
}

function isErrorCode(code: string): code is ErrorCode {
  return code in ERROR_CODES;
}
