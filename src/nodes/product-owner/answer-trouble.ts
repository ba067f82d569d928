import { AIMessage } from "@langchain/core/messages";
import { isAppError } from "#errors";
import type { ProductOwnerState } from "#graphs/product-owner/state.ts";
import type { RunPorts } from "#ports/run.ts";
import { guessLanguage, modelTroubleText, noModelText, worksText } from "#prompts/product-owner/trouble.ts";
import { lastHuman } from "../shared/model-history.ts";
import { messageId } from "../shared/tidy-answer.ts";

/**
 * A model that is missing or does not answer is told in the chat, as the run's result, with where the teams stand: the person can read it
 * there and send the message again. Everything else is thrown on: a miss in the middle of a recorded turn is the run's error, and so is whatever is no model's fault.
 */
export async function answerTrouble(
  error: unknown,
  state: ProductOwnerState,
  { ports, signal, firstCall }: { ports: RunPorts; signal: AbortSignal | undefined; firstCall: boolean },
): Promise<{ messages: AIMessage[] }> {
  if (signal?.aborted === true || !isAppError(error)) throw error;
  const noModel = error.code === "model_not_configured" && ports.models.mode === "replay";
  const missed = error.code === "replay_miss" && firstCall;
  if (!noModel && !missed && error.code !== "model_failed" && error.code !== "model_not_configured" && error.code !== "model_answer_unusable") throw error;
  const texts = noModel || missed ? noModelText(ports.models.sampleRequests()) : modelTroubleText(error.message);
  const language = guessLanguage(lastHuman(state.messages)?.text ?? "") === "ru" ? "ru" : "en";
  const known = (await ports.teams.list()).flatMap(({ call, team, status, step }) => {
    const work = state.works[call];
    return work === undefined ? [] : [{ project: work.projectName, team, status, step }];
  });
  const content = known.length === 0 ? texts[language] : `${texts[language]}\n\n${worksText(known)[language]}`;
  return { messages: [new AIMessage({ id: messageId(state.messages, "trouble"), content, response_metadata: { error: error.code } })] };
}
