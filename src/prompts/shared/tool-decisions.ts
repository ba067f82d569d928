import { inOurWords } from "./texts.ts";

/** In place of a tool's result, for the model. */
export function refusedByRule(rule: string): string {
  return `Refused by the rule "${rule}" of this installation, so nothing was done. Do not call it again like this: find another way, or go on without it.`;
}

/** The same where a person said no. */
export function refusedByPerson(reason: string | null): string {
  const said = reason?.trim() ?? "";
  return `Not allowed, so nothing was done.${said === "" ? "" : ` The reason: ${said}`}\nDo not call it again like this: find another way, or go on without it.`;
}

/** So that the model does not take the change for a mistake and undo it. */
export function changedByPerson(args: Record<string, unknown>): string {
  return `A person changed the arguments of this call on purpose. It ran with: ${JSON.stringify(args)}`;
}

/** What a person reads who is asked whether a call may be made. */
export function toolQuestionText(
  language: string,
  { tool, args, rule, again }: { tool: string; args: Record<string, unknown>; rule: string; again: boolean },
): string {
  const why = again
    ? inOurWords(language, {
        en: "**No decision about this is on record here, so it is asked again.**\n\n",
        ru: "**Решение об этом нигде не записано, поэтому вопрос задаётся снова.**\n\n",
      })
    : "";
  const shown = `\`\`\`json\n${JSON.stringify(args, null, 2)}\n\`\`\``;
  return inOurWords(language, {
    en: `${why}### May \`${tool}\` run?\n\n${shown}\n\nAsked by the rule "${rule}".`,
    ru: `${why}### Выполнить \`${tool}\`?\n\n${shown}\n\nСпрашивает правило «${rule}».`,
  });
}
