import colors from "picocolors";
import { z } from "zod";
import type { Ask } from "./keyboard.ts";

/** What the demo needs of a pending interrupt's payload; see `protocol/approval-payload.ts`. */
export const Question = z.object({
  description: z.string(),
  action_request: z.object({ action: z.string(), args: z.record(z.string(), z.unknown()) }),
  config: z.object({ allow_edit: z.boolean(), allow_accept: z.boolean() }),
  x: z.object({ kind: z.string(), approval_id: z.string() }),
});
export type Question = z.infer<typeof Question>;

export type Answer = { type: "approve" } | { type: "reject"; message: string } | { type: "edit"; args: Record<string, string> };

const QUESTION_WORDS: Record<string, string> = {
  plan: "The plan needs your approval",
  deploy: "The deployment needs your approval",
  secret: "Values only you have are needed",
  escalation: "The team needs your help",
};

/**
 * Shows a question and gets the answer: from the keyboard, or approval at once with `yes`. `told`: the chat showed the description
 * already, so it is not printed again.
 */
export async function decide(question: Question, { yes, told, ask }: { yes: boolean; told: boolean; ask: Ask }): Promise<Answer> {
  console.log(`\n${colors.yellow("?")} ${colors.bold(QUESTION_WORDS[question.x.kind] ?? question.action_request.action)}`);
  if (!told) showDescription(question.description);
  if (question.x.kind === "secret") return { type: "edit", args: await askSecrets(Object.keys(question.action_request.args), yes, ask) };
  if (yes && question.x.kind === "escalation") return { type: "reject", message: "Nobody is here who could help (--yes). Stop." };
  if (yes) {
    console.log(`  ${colors.green("approved")} ${colors.dim("(--yes)")}\n`);
    return { type: "approve" };
  }
  const text = (await ask("  Approve? [y, or a reason to reject] ")).trim();
  return /^(y|yes|)$/i.test(text) ? { type: "approve" } : { type: "reject", message: text };
}

function showDescription(description: string): void {
  console.log(
    description
      .split("\n")
      .map((line) => `  ${colors.dim("▏")} ${line}`)
      .join("\n"),
  );
}

/** With `yes` nobody is there to ask, so each value is a placeholder that says what it is. */
async function askSecrets(names: string[], yes: boolean, ask: Ask): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const name of names) values[name] = yes ? `demo-value-of-${name.toLowerCase()}` : await ask(`  ${name} = `);
  return values;
}
