import type { DecisionType } from "#ports/approvals.ts";

/** Words that clients and people use for a decision. Whole answers only: a word inside a sentence decides nothing. */
export const DECISION_WORDS: Readonly<Record<string, DecisionType>> = {
  approve: "approve",
  approved: "approve",
  accept: "approve",
  accepted: "approve",
  allow: "approve",
  continue: "approve",
  edit: "edit",
  edited: "edit",
  modify: "edit",
  reject: "reject",
  rejected: "reject",
  ignore: "reject",
  ignored: "reject",
  deny: "reject",
  denied: "reject",
  decline: "reject",
  cancel: "reject",
  respond: "respond",
  response: "respond",
  answer: "respond",
  feedback: "respond",
};

export const YES = new Set(
  "yes|y|yep|sure|ok|okay|go|go ahead|do it|lgtm|looks good|ship it|approve|approved|accept|accepted|confirm|agreed|true|да|ок|окей|ага|хорошо|одобряю|одобрить|одобрено|подтверждаю|согласен|согласна|принимаю|поехали|давай|ja|oui|sí|si|sim|sì|はい|是|好|好的|可以|так".split(
    "|",
  ),
);
export const NO = new Set(
  "no|n|nope|reject|rejected|deny|decline|declined|cancel|stop|abort|ignore|false|нет|не надо|отклоняю|отклонить|отклонено|отмена|отменить|стоп|nein|non|não|いいえ|不|否|不要|ні".split(
    "|",
  ),
);

/** "no, because …": a refusal that carries its reason. */
export const REFUSAL_WITH_REASON = /^(reject|rejected|no|deny|decline|cancel|нет|отклоняю|отклонить|отмена|nein|non)\s*[:,.!;—–-]+\s*(?<reason>\S.*)$/isu;
