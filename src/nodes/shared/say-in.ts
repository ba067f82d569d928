import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { AppError } from "#errors";
import type { ModelsPort } from "#ports/models.ts";
import { ownLanguage, type Texts } from "#prompts/shared/texts.ts";
import { translationPrompt } from "#prompts/shared/translation.ts";
import { QUIET } from "./ask-structured.ts";

/**
 * A text of ours in the person's language. English and Russian are written by us; any other is translated by the writer, and only taken
 * when every name, number and address survived. What people decide on must not depend on a model's mood: no translation, then English.
 */
export async function sayIn(language: string, said: Texts, context: { models: ModelsPort; signal?: AbortSignal | undefined }): Promise<string> {
  const own = ownLanguage(language);
  if (own !== null) return said[own];
  try {
    const { signal } = context;
    const answer = await context.models
      .chat("writer")
      .invoke([new SystemMessage(translationPrompt(language)), new HumanMessage(said.en)], { ...QUIET, ...(signal === undefined ? {} : { signal }) });
    return keepsFacts(said.en, answer.text) ? answer.text.trim() : said.en;
  } catch (error) {
    if (context.signal?.aborted === true || !isModelTrouble(error)) throw error;
    return said.en;
  }
}

function isModelTrouble(error: unknown): boolean {
  return (
    error instanceof AppError &&
    (error.code === "model_failed" || error.code === "model_not_configured" || error.code === "model_answer_unusable" || error.code === "replay_miss")
  );
}

/** True when every `code span`, address and number of a text is in the other. */
export function keepsFacts(original: string, translated: string): boolean {
  const facts = original.match(/`[^`\n]+`|https?:\/\/\S+|\d+/gu) ?? [];
  return translated.trim() !== "" && facts.every((fact) => translated.includes(fact));
}
