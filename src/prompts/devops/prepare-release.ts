import type { ReleaseCandidate } from "#graphs/devops/state.ts";
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
