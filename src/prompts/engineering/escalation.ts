import type { Attempt } from "#graphs/engineering/state.ts";
import { ownLanguage } from "../shared/texts.ts";

export interface EscalationFacts {
  language: string;
  projectName: string;
  stuck: string;
  attempts: readonly Attempt[];
  offered: number;
}

/** Why a person is asked, written by us in the two languages we know. `stuck` is a key of these. */
const WORDS = {
  en: {
    title: (name: string) => `**The team needs your help with ${name}.**`,
    stuck: {
      rounds: "All rounds are used up and the tests are not green.",
      same_failure: "The same tests failed in the same way several times.",
      no_changes: "The developer changed nothing, twice.",
      silent: "The developer answers with words instead of work.",
      loop: "The developer repeats the same step without a result.",
    } as Record<string, string>,
    round: (attempt: Attempt) => `Round ${attempt.round}: ${attempt.totals.passed} passed, ${attempt.totals.failed} failed`,
    options: (rounds: number) => `Approve: ${rounds} more rounds. Edit: another number of rounds, or an instruction for the developer. Reject: stop here.`,
  },
  ru: {
    title: (name: string) => `**Команде нужна ваша помощь с ${name}.**`,
    stuck: {
      rounds: "Все попытки израсходованы, тесты не проходят.",
      same_failure: "Одни и те же тесты несколько раз упали одинаково.",
      no_changes: "Разработчик дважды ничего не изменил.",
      silent: "Разработчик отвечает словами вместо работы.",
      loop: "Разработчик повторяет один и тот же шаг без результата.",
    } as Record<string, string>,
    round: (attempt: Attempt) => `Попытка ${attempt.round}: прошло ${attempt.totals.passed}, упало ${attempt.totals.failed}`,
    options: (rounds: number) => `Одобрить: ещё попыток: ${rounds}. Изменить: другое число попыток или указание разработчику. Отклонить: остановиться.`,
  },
};

/** What a person reads who is asked how to go on: why it is stuck, the newest rounds, and what each answer does. */
export function escalationDescription({ language, projectName, stuck, attempts, offered }: EscalationFacts): string {
  const words = WORDS[ownLanguage(language) ?? "en"];
  const rounds = attempts.slice(-5).map((attempt) => {
    const why = attempt.findings.filter((finding) => finding.blocking).map((finding) => `  - ${finding.message}`);
    const failing = attempt.failing.slice(0, 5).map((id) => `  - ${id}`);
    return [`- ${words.round(attempt)}`, ...why.slice(0, 3), ...failing].join("\n");
  });
  return [words.title(projectName), words.stuck[stuck] ?? stuck, ...(rounds.length > 0 ? [rounds.join("\n")] : []), words.options(offered)].join("\n\n");
}
