import type { Texts } from "../shared/texts.ts";

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
