import type { Texts } from "../shared/texts.ts";

/** After an answer was passed on to the team. */
export function forwardedText(type: "approve" | "edit" | "reject" | "respond", kind: string): Texts {
  if (kind === "secret" && type !== "reject") {
    return {
      en: "Stored under lock and key; nobody, and no model, gets to see it. The team goes on.",
      ru: "Сохранено в зашифрованном виде; ни люди, ни модели этого не увидят. Команда продолжает.",
    };
  }
  switch (type) {
    case "approve":
      return { en: "Approved. The team goes on.", ru: "Одобрено. Команда продолжает." };
    case "edit":
      return { en: "Passed on with your changes. The team goes on.", ru: "Передано с вашими данными. Команда продолжает." };
    case "reject":
      return { en: "Declined. I told the team.", ru: "Отклонено. Команда предупреждена." };
    default:
      return { en: "Your answer was passed on to the team.", ru: "Ваш ответ передан команде." };
  }
}
