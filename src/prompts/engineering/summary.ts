import type { EngineeringResult } from "#protocol/team-work.ts";
import { inOurWords } from "../shared/texts.ts";

export interface SummaryFacts {
  status: EngineeringResult["status"];
  project: string;
  language: string;
  rounds: number;
  /** What the person said with their last answer. */
  said: string | null;
  tests: EngineeringResult["tests"];
}

/** What a piece of engineering's work came to, in a sentence or two, for whoever asked for it. */
export function engineeringSummary({ status, project, language, rounds: count, said, tests }: SummaryFacts): string {
  const rounds = count === 1 ? "1 round" : `${count} rounds`;
  switch (status) {
    case "green":
      return inOurWords(language, {
        en: `${project} is built: ${tests?.passed} tests pass, after ${rounds}. It is not deployed yet.`,
        ru: `${project} готов: тестов пройдено ${tests?.passed}, попыток ${count}. Ещё не развёрнут.`,
      });
    case "rejected":
      return inOurWords(language, {
        en: `The plan for ${project} was rejected, so nothing was built.`,
        ru: `План для ${project} отклонён, ничего не сделано.`,
      });
    case "given_up":
      return inOurWords(language, {
        en: `Work on ${project} was stopped by the person after ${rounds}; ${tests === null ? "no test was run" : `${tests.failed} tests still fail`}.${said ? ` They said: ${said}` : ""}`,
        ru: `Работа над ${project} остановлена человеком, попыток ${count}; ${tests === null ? "тесты не запускались" : `не проходит тестов: ${tests.failed}`}.${said ? ` Слова человека: ${said}` : ""}`,
      });
    case "failed":
      return inOurWords(language, { en: `${project} could not be built in ${rounds}.`, ru: `${project} не удалось сделать, попыток ${count}.` });
  }
}
