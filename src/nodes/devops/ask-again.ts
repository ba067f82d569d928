import type { DevopsState } from "#graphs/devops/state.ts";
import { noticeTexts } from "#prompts/devops/ask-again.ts";
import { inOurWords } from "#prompts/shared/texts.ts";

/** Back to the question, with the reason: what an effect's node answers in place of its effect. */
export function askAgain({ language }: Pick<DevopsState, "language">, why: keyof typeof noticeTexts): Pick<DevopsState, "decision" | "notice"> {
  return { decision: null, notice: inOurWords(language, noticeTexts[why]) };
}
