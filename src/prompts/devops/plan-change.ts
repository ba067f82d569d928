import type { Texts } from "../shared/texts.ts";

/** What a person is shown before a rollback or a removal. */
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
