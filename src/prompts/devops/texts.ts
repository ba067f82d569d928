import type { EnvironmentName, ReleaseCandidate } from "#graphs/devops/state.ts";
import type { Texts } from "../shared/texts.ts";

const SHOWN_FILES = 12;

/** What a person is shown before a deployment: facts that the digest covers, nothing else. */
export function deployText(project: string, candidate: ReleaseCandidate): Texts {
  const { tests, diff, commitSha, rollbackTarget } = candidate;
  const configuration = Object.entries(candidate.publicEnvironment).map(([name, value]) => `\`${name}=${value}\``);
  const secrets = candidate.secretNames.map((name) => `\`${name}\``);
  const files = diff.paths.slice(0, SHOWN_FILES).map((path) => `\`${path}\``);
  const more = diff.paths.length - files.length;
  const commit = `\`${commitSha.slice(0, 12)}\``;
  return {
    en: [
      `### Deploy **${project}**?`,
      "",
      `- Tests: ${tests.passed} of ${tests.executed} passed, run at commit ${commit}`,
      `- Change: ${diff.files} files, +${diff.added} −${diff.removed}${files.length === 0 ? "" : `: ${files.join(", ")}`}${more > 0 ? ` and ${more} more` : ""}`,
      `- Start: \`${candidate.startCommand}\`, health check \`${candidate.healthPath}\``,
      `- Configuration: ${configuration.length === 0 ? "none" : configuration.join(", ")}`,
      `- Secrets (names only): ${secrets.length === 0 ? "none" : secrets.join(", ")}`,
      rollbackTarget === null
        ? "- If it fails: nothing runs yet, so there is nothing to go back to"
        : `- If it fails: release ${rollbackTarget.number} keeps serving`,
    ].join("\n"),
    ru: [
      `### Развернуть **${project}**?`,
      "",
      `- Тесты: пройдено ${tests.passed} из ${tests.executed}, на коммите ${commit}`,
      `- Изменения: файлов ${diff.files}, +${diff.added} −${diff.removed}${files.length === 0 ? "" : `: ${files.join(", ")}`}${more > 0 ? ` и ещё ${more}` : ""}`,
      `- Запуск: \`${candidate.startCommand}\`, проверка \`${candidate.healthPath}\``,
      `- Настройки: ${configuration.length === 0 ? "нет" : configuration.join(", ")}`,
      `- Секреты (только имена): ${secrets.length === 0 ? "нет" : secrets.join(", ")}`,
      rollbackTarget === null
        ? "- Если не выйдет: пока ничего не работает, возвращаться не к чему"
        : `- Если не выйдет: продолжит работать выпуск ${rollbackTarget.number}`,
    ].join("\n"),
  };
}

export function secretsText(project: string, names: readonly EnvironmentName[]): Texts {
  const lines = names.map((one) => `- \`${one.name}\`${one.purpose === "" ? "" : `: ${one.purpose}`}${one.where === "" ? "" : ` (${one.where})`}`);
  return {
    en: [
      `### **${project}** needs values that only you have`,
      "",
      ...lines,
      "",
      "They are encrypted, and given to the running service only. No model sees them.",
    ].join("\n"),
    ru: [
      `### **${project}** нужны значения, которые есть только у вас`,
      "",
      ...lines,
      "",
      "Они шифруются и передаются только работающему сервису. Модели их не видят.",
    ].join("\n"),
  };
}

export function changeText(project: string, action: "rollback" | "undeploy", facts: { serving: number | null; target: number | null; reason: string }): Texts {
  const why = facts.reason.trim();
  if (action === "rollback") {
    return {
      en: `### Take **${project}** back to release ${facts.target ?? "?"}?\n\n- Serving now: release ${facts.serving ?? "none"}\n- Why: ${why}\n- It goes through the same health check; data stays as it is.`,
      ru: `### Вернуть **${project}** на выпуск ${facts.target ?? "?"}?\n\n- Сейчас работает: выпуск ${facts.serving ?? "нет"}\n- Причина: ${why}\n- Пройдёт та же проверка; данные останутся как есть.`,
    };
  }
  return {
    en: `### Take **${project}** offline?\n\n- Serving now: release ${facts.serving ?? "none"}\n- Why: ${why}\n- Code, releases and data stay; it can be deployed again.`,
    ru: `### Остановить **${project}**?\n\n- Сейчас работает: выпуск ${facts.serving ?? "нет"}\n- Причина: ${why}\n- Код, выпуски и данные останутся; можно развернуть снова.`,
  };
}

export const noticeTexts = {
  moved: {
    en: "What you approved has changed since, so your approval no longer holds. Here is how it stands now.",
    ru: "То, что вы одобрили, с тех пор изменилось, и согласие больше не действует. Вот как обстоят дела сейчас.",
  },
  otherBranch: {
    en: "This approval was given on another line of history, so it is asked for again.",
    ru: "Это согласие дано в другой ветви истории, поэтому оно спрашивается заново.",
  },
  notOnRecord: {
    en: "Nobody's approval of this is on record, so nothing was changed and it is asked for again.",
    ru: "Согласие на это нигде не записано, поэтому ничего не изменено и оно спрашивается заново.",
  },
  stillMissing: { en: "Some values are not stored yet.", ru: "Некоторые значения ещё не сохранены." },
} satisfies Record<string, Texts>;

/** Why a deployment cannot be prepared, for the result's summary. */
export const refusalTexts = {
  noDelivery: { en: "There is no such delivery of this project.", ru: "У проекта нет такой поставки." },
  noSpec: {
    en: "The project has no approved plan, so it is not known how to start it.",
    ru: "У проекта нет одобренного плана: неизвестно, как его запускать.",
  },
  notGreen: {
    en: "The delivery has no green test report for its commit, so it is not deployed.",
    ru: "У поставки нет зелёного отчёта о тестах на её коммите, поэтому она не разворачивается.",
  },
  noSecrets: { en: "The values it needs were not given.", ru: "Нужные значения не были даны." },
  declined: { en: "Declined by the person.", ru: "Человек отказался." },
  nothingBefore: { en: "There is no earlier release to go back to.", ru: "Более раннего выпуска нет." },
  notDone: { en: "It could not be done.", ru: "Это не удалось." },
  nothingRuns: { en: "Nothing of this project is running.", ru: "Ничего из этого проекта не запущено." },
} satisfies Record<string, Texts>;

export type Refusal = keyof typeof refusalTexts;
