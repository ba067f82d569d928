import { AppError } from "#errors";
import type { RecordedCall, Recordings } from "./recording.ts";
import { stableJson, type CanonicalRequest } from "./request-key.ts";

const AROUND = 60;

/**
 * The error of a request that no recording holds: names the nearest recorded request and the first thing that differs, so that a prompt
 * change and a request nobody recorded can be told apart. `details.first` is true when it is the beginning of a conversation.
 */
export function replayMiss(role: string, request: CanonicalRequest, recordings: Recordings): AppError {
  const texts = request.messages.map(stableJson);
  const nearest = nearestCall(role, texts, recordings);
  const first = request.messages.filter((message) => message.role === "user").length <= 1 && request.messages.every((message) => message.role !== "assistant");
  const opening = `No recording answers this request of the role "${role}", and no model is configured. Set OPENAI_API_KEY, or OPENAI_BASE_URL for a local model.`;
  if (nearest === null) return new AppError("replay_miss", `${opening} There are no recordings of this role.`, { details: { role, first, nearest: null } });
  const difference = firstDifference(request, nearest.call);
  return new AppError(
    "replay_miss",
    `${opening} Nearest is a call of ${nearest.call.file} (${nearest.common} of ${texts.length} messages agree); first difference: ${difference}`,
    {
      details: { role, first, nearest: { file: nearest.call.file, key: nearest.call.key, common: nearest.common }, difference },
    },
  );
}

/** The call of this role that shares the longest beginning; among equals, the longest common text where they part. */
function nearestCall(role: string, texts: readonly string[], recordings: Recordings): { call: RecordedCall; common: number } | null {
  let best: { call: RecordedCall; common: number; inside: number } | null = null;
  for (const call of recordings.all()) {
    if (call.role !== role) continue;
    const theirs = call.request.messages.map(stableJson);
    let common = 0;
    while (common < texts.length && common < theirs.length && texts[common] === theirs[common]) common++;
    const inside = commonPrefix(texts[common] ?? "", theirs[common] ?? "");
    if (best === null || common > best.common || (common === best.common && inside > best.inside)) best = { call, common, inside };
  }
  return best;
}

function firstDifference(request: CanonicalRequest, call: RecordedCall): string {
  const length = Math.max(request.messages.length, call.request.messages.length);
  for (let index = 0; index < length; index++) {
    const ours = request.messages[index];
    const theirs = call.request.messages[index];
    if (ours === undefined) return `message ${index + 1} (${theirs?.role}) is only in the recording`;
    if (theirs === undefined) return `message ${index + 1} (${ours.role}) is not in the recording: ${excerpt(ours.content, 0)}`;
    if (stableJson(ours) === stableJson(theirs)) continue;
    if (ours.role !== theirs.role) return `message ${index + 1} is of ${ours.role}, recorded was ${theirs.role}`;
    const [a, b] = ours.content === theirs.content ? [stableJson(ours.tool_calls), stableJson(theirs.tool_calls)] : [ours.content, theirs.content];
    const at = commonPrefix(a ?? "", b ?? "");
    return `message ${index + 1} (${ours.role}) at character ${at}: now ${excerpt(a ?? "", at)}, recorded ${excerpt(b ?? "", at)}`;
  }
  if (stableJson(request.tools) !== stableJson(call.request.tools)) {
    const [a, b] = [stableJson(request.tools), stableJson(call.request.tools)];
    const at = commonPrefix(a, b);
    return `the tools: now ${excerpt(a, at)}, recorded ${excerpt(b, at)}`;
  }
  return `the parameters: now ${stableJson(request.params)}, recorded ${stableJson(call.request.params)}`;
}

function commonPrefix(a: string, b: string): number {
  let index = 0;
  while (index < a.length && index < b.length && a[index] === b[index]) index++;
  return index;
}

function excerpt(text: string, at: number): string {
  const from = Math.max(0, at - 20);
  return JSON.stringify(`${from > 0 ? "…" : ""}${text.slice(from, at + AROUND)}${text.length > at + AROUND ? "…" : ""}`);
}
