import type { ErrorCode } from "#errors";

/** What our own routes answer when something is wrong. LangGraph's routes answer the message as plain text. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  details: Record<string, unknown>;
}

/** Header that carries the code on both. */
export const ERROR_CODE_HEADER = "x-error-code";

/** Data of the `error` frame by which joining the stream of what is not there is answered (HTTP 200, as clients of v1 expect). */
export interface StreamErrorData {
  error: string;
  message: string;
}
