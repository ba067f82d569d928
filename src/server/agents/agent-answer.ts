import { AppError } from "#errors";
import { ApprovalExtension } from "#protocol/approval-payload.ts";
import { foreignAnswer } from "#protocol/foreign-answer.ts";
import type { Thread } from "#protocol/wire.ts";

/**
 * What a thread is resumed with for an answer over MCP or A2A, whose clients do not know the graph: to one question of a graph that is not
 * ours, the shape that it asked for. Everything else is read where it is claimed.
 * @throws AppError `unreadable_answer`; the question stays
 */
export function resumeFor({ interrupts }: Pick<Thread, "interrupts">, answer: unknown): unknown {
  const [only, ...more] = Object.values(interrupts).flat();
  if (only === undefined || more.length > 0 || isOurs(only.value)) return answer;
  const shaped = foreignAnswer(only.value, answer);
  if (!shaped.ok) throw new AppError("unreadable_answer", shaped.problem);
  return shaped.value;
}

function isOurs(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && "x" in payload && ApprovalExtension.safeParse(payload.x).success;
}
