import type { Texts } from "../shared/texts.ts";

/** Why a question is asked again. */
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
