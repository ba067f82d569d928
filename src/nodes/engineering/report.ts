import { portsOf } from "#graphs/context.ts";
import { lastAttempt, type EngineeringNode, type EngineeringState } from "#graphs/engineering/state.ts";
import type { DeliveryStatus } from "#ports/projects.ts";
import type { EngineeringResult } from "#protocol/team-work.ts";

const DELIVERY_STATUS: Record<EngineeringResult["status"], DeliveryStatus> = { green: "green", rejected: "cancelled", given_up: "failed", failed: "failed" };

/** Closes the order with what the parent, and anyone who asks later, needs to know. */
export const report: EngineeringNode = async (state, runtime) => {
  const { projects } = portsOf(runtime);
  const result = resultOf(state);
  await projects.saveDelivery({ id: state.delivery_id, projectId: state.project_id, status: DELIVERY_STATUS[result.status], rounds: state.round });
  return { result };
};

export function resultOf(
  state: Pick<EngineeringState, "attempts" | "plan" | "project_id" | "delivery_id" | "round" | "answer" | "project_name" | "language">,
): EngineeringResult {
  const attempt = lastAttempt(state);
  const green = attempt?.green === true;
  const status = green ? "green" : state.answer?.verdict === "rejected" ? "rejected" : state.answer?.verdict === "stopped" ? "given_up" : "failed";
  const totals = attempt === null ? null : { executed: attempt.totals.executed, passed: attempt.totals.passed, failed: attempt.totals.failed };
  return {
    status,
    project_id: state.project_id,
    delivery_id: state.delivery_id,
    commit_sha: green ? attempt.commit_sha : null,
    report_id: attempt?.changed === true ? attempt.report_id : null,
    tests: totals,
    rounds: state.round,
    start_command: green ? (state.plan?.start_command ?? null) : null,
    health_path: green ? (state.plan?.health_path ?? null) : null,
    summary: summaryOf(status, state, totals),
  };
}

function summaryOf(
  status: EngineeringResult["status"],
  { project_name: name, round, answer, language }: Pick<EngineeringState, "project_name" | "round" | "answer" | "language">,
  tests: EngineeringResult["tests"],
): string {
  if (language.toLowerCase().startsWith("ru")) return russianSummary(status, name, round, answer?.message ?? null, tests);
  const rounds = round === 1 ? "1 round" : `${round} rounds`;
  if (status === "green") return `${name} is built: ${tests?.passed} tests pass, after ${rounds}. It is not deployed yet.`;
  if (status === "rejected") return `The plan for ${name} was rejected, so nothing was built.`;
  if (status === "given_up")
    return `Work on ${name} was stopped by the person after ${rounds}; ${tests === null ? "no test was run" : `${tests.failed} tests still fail`}.${answer?.message ? ` They said: ${answer.message}` : ""}`;
  return `${name} could not be built in ${rounds}.`;
}

function russianSummary(status: EngineeringResult["status"], name: string, round: number, said: string | null, tests: EngineeringResult["tests"]): string {
  if (status === "green") return `${name} готов: тестов пройдено ${tests?.passed}, попыток ${round}. Ещё не развёрнут.`;
  if (status === "rejected") return `План для ${name} отклонён, ничего не сделано.`;
  if (status === "given_up")
    return `Работа над ${name} остановлена человеком, попыток ${round}; ${tests === null ? "тесты не запускались" : `не проходит тестов: ${tests.failed}`}.${said ? ` Слова человека: ${said}` : ""}`;
  return `${name} не удалось сделать, попыток ${round}.`;
}
