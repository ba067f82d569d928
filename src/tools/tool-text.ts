import { isAppError, type ErrorCode } from "#errors";

/** Failures a model can do something about; anything else is a broken machine and must be thrown. */
const FOR_THE_MODEL: ReadonlySet<ErrorCode> = new Set([
  "invalid_request",
  "not_found",
  "conflict",
  "path_outside_workspace",
  "payload_too_large",
  "commit_unknown",
]);

/** Runs a tool's work; an expected failure becomes a text the model can use. */
export async function textOf(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    if (isAppError(error) && FOR_THE_MODEL.has(error.code)) return `Error: ${error.message}`;
    throw error;
  }
}

/** Cuts a text in the middle, where it matters least, and says how much is gone. */
export function cutMiddle(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = Math.ceil(limit * 0.4);
  const tail = limit - head;
  return `${text.slice(0, head)}\n[… ${text.length - limit} characters left out …]\n${text.slice(-tail)}`;
}
