import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { z } from "zod";
import { isAppError } from "#errors";
import type { RunPorts } from "#ports/run.ts";
import { environmentInstructions, environmentMaterial, type EnvironmentFacts } from "#prompts/devops/analyse-environment.ts";
import { askStructured } from "../shared/ask-structured.ts";

const Judged = z.object({
  names: z.array(
    z.object({
      name: z.string(),
      class: z.enum(["generated", "computed", "user", "public"]),
      purpose: z.string().default(""),
      where: z.string().default(""),
      value: z.string().nullable().default(null),
    }),
  ),
});
/** What a model says about one name. */
export type Judgement = z.infer<typeof Judged>["names"][number];

/** An answer that cannot be read leaves the names to the person: asking once too often is better than a made-up key. */
export async function judgeNames(ports: RunPorts, facts: EnvironmentFacts, signal: AbortSignal | undefined): Promise<Judgement[]> {
  try {
    const messages = [new SystemMessage(environmentInstructions), new HumanMessage(environmentMaterial(facts))];
    const answer = await askStructured(ports.models.chat("reviewer"), {
      name: "classify_environment",
      description: "Files the environment names.",
      schema: Judged,
      messages,
      signal,
    });
    return answer.names;
  } catch (error) {
    if (isAppError(error) && error.code === "model_answer_unusable") return [];
    throw error;
  }
}
