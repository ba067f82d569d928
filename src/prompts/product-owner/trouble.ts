import type { Texts } from "../shared/texts.ts";

/** No model is configured and no recording covers the message: what to set, and what works without. */
export function noModelText(samples: readonly string[]): Texts {
  const list = samples.map((sample) => `- ${sample}`).join("\n");
  return {
    en: [
      "No language model is configured, and this request is not among the recorded ones, so I cannot think about it.",
      "Set `OPENAI_API_KEY`, or `OPENAI_BASE_URL` and `MODEL` for any OpenAI-compatible endpoint (Ollama needs no key), and start Slipway again.",
      ...(samples.length === 0 ? [] : [`These requests work without a model; send one of them word for word:\n\n${list}`]),
    ].join("\n\n"),
    ru: [
      "Языковая модель не настроена, а этого запроса нет среди записанных, поэтому подумать над ним я не могу.",
      "Задайте `OPENAI_API_KEY`, либо `OPENAI_BASE_URL` и `MODEL` для любого OpenAI-совместимого сервера (Ollama обходится без ключа), и запустите Slipway снова.",
      ...(samples.length === 0 ? [] : [`Без модели работают эти запросы; пришлите любой из них слово в слово:\n\n${list}`]),
    ].join("\n\n"),
  };
}

/** Where the teams stand, without a model's help. `step` is the node that runs now. */
export function worksText(works: readonly { project: string; team: string; status: string; step: string | null }[]): Texts {
  const RUSSIAN: Record<string, string> = {
    running: "работает",
    waiting: "ждёт вашего решения",
    done: "закончено",
    failed: "прервалось",
    cancelled: "остановлено",
  };
  const ENGLISH: Record<string, string> = {
    running: "working",
    waiting: "waiting for your decision",
    done: "ended",
    failed: "broke off",
    cancelled: "stopped",
  };
  const list = (words: Record<string, string>) =>
    works.map(({ project, team, status, step }) => `- **${project}**, ${team}: ${words[status] ?? status}${step === null ? "" : ` (${step})`}`).join("\n");
  return { en: `This much I can tell without one:\n\n${list(ENGLISH)}`, ru: `Без неё могу сказать только это:\n\n${list(RUSSIAN)}` };
}

/** The model did not answer. Nothing is lost: the message can be sent again. */
export function modelTroubleText(problem: string): Texts {
  return {
    en: `The language model did not answer, so I could not go on: ${problem}\n\nNothing was lost. Send the message again once this is put right.`,
    ru: `Языковая модель не ответила, поэтому продолжить не удалось: ${problem}\n\nНичего не потеряно. Пришлите сообщение ещё раз, когда это будет исправлено.`,
  };
}

export const emptyAnswerText: Texts = {
  en: "I have no good answer to that. Could you say it in other words?",
  ru: "У меня нет хорошего ответа на это. Скажете другими словами?",
};

/** Enough to choose between the languages we write ourselves when no model has told the language. */
export function guessLanguage(text: string): string {
  return /\p{Script=Cyrillic}/u.test(text) ? "ru" : "en";
}
