import type { Decision, DecisionType } from "#ports/approvals.ts";
import { DECISION_WORDS, NO, REFUSAL_WITH_REASON, YES } from "./approval-words.ts";

/**
 * Reads a person's answer to an interrupt, in any shape that a known client sends, into one `Decision`:
 *
 * - agent-inbox: `[HumanResponse]` or `HumanResponse` (`accept` | `ignore` | `response` | `edit`; edited values are strings)
 * - agent-chat-ui: `{ decisions: [{ type, edited_action | message }] }`; LangChain's panel and `useStream`: the same in camelCase
 * - one decision alone, our own `Decision`, `true` / `false`, plain words ("yes", "нет", "reject: too expensive"), or JSON text of any of these
 * - for `secret`: `{ NAME: "value" }` or lines `NAME=value` as well
 *
 * Reading is idempotent: a decision that was read reads as itself. What cannot be read, or is not allowed by the payload, is a problem
 * in words for the person; it is never thrown, because a throw in an ask-node would end the run and lose the question.
 * Problems never quote the answer: it may hold a secret.
 */
export type ReadReply = { ok: true; decision: Decision } | { ok: false; problem: string };

/** @param payload value of the interrupt, ours or anyone's; @param raw what the client sent for it. Never throws. */
export function readReply(payload: unknown, raw: unknown): ReadReply {
  const question = readQuestion(payload);
  const reading = readAnswer(question, raw, 0);
  return typeof reading === "string" ? { ok: false, problem: reading } : judge(question, reading);
}

type Dictionary = Record<string, unknown>;

interface Question {
  kind: string | null;
  action: string | null;
  args: Dictionary | null;
  argTypes: Dictionary;
  /** Empty: the payload does not say, everything goes. */
  allowed: readonly DecisionType[];
}

const NESTING_LIMIT = 4;

function readAnswer(question: Question, raw: unknown, depth: number): Decision | string {
  if (depth > NESTING_LIMIT) return "The answer is nested too deeply to be read.";
  if (raw === null || raw === undefined) return emptyAnswer(question);
  if (typeof raw === "boolean") return saysJustText(question) ? decision("respond", raw ? "yes" : "no") : decision(raw ? "approve" : "reject");
  if (typeof raw === "string") return readText(question, raw, depth);
  if (typeof raw === "number" && saysJustText(question)) return decision("respond", String(raw));
  if (Array.isArray(raw)) {
    if (raw.length === 1) return readAnswer(question, raw[0], depth + 1);
    return `One question was asked, so one answer is needed; there are ${raw.length} in the list.`;
  }
  if (isDictionary(raw)) return readObject(question, raw, depth);
  return whatIsAccepted(question);
}

function readText(question: Question, raw: string, depth: number): Decision | string {
  const text = raw.trim();
  if (text === "") return emptyAnswer(question);
  const json = parseJson(text);
  if (json !== undefined) return readAnswer(question, json, depth + 1);
  if (question.kind === "secret") {
    const values = readAssignments(text);
    if (values !== null) return decision("edit", null, values);
  } else if (saysJustText(question)) {
    return decision("respond", text);
  }
  const word = text
    .toLowerCase()
    .replaceAll(/[\s.!,…]+/gu, " ")
    .trim();
  if (YES.has(word)) return decision("approve");
  if (NO.has(word)) return decision("reject");
  const reason = REFUSAL_WITH_REASON.exec(text)?.groups?.["reason"];
  if (reason !== undefined) return decision("reject", reason.trim());
  if (question.allowed.includes("respond")) return decision("respond", text);
  return whatIsAccepted(question);
}

function readObject(question: Question, raw: Dictionary, depth: number): Decision | string {
  if ("decisions" in raw) return readAnswer(question, raw["decisions"], depth + 1);
  if (question.kind === "secret" && hasAskedNames(question, raw)) return decision("edit", null, raw);
  const word = raw["type"] ?? raw["decision"] ?? raw["action"];
  const type = typeof word === "string" && Object.hasOwn(DECISION_WORDS, word.trim().toLowerCase()) ? DECISION_WORDS[word.trim().toLowerCase()] : undefined;
  if (type !== undefined) return readTyped(type, raw);
  if (isDictionary(raw["decision"])) return readAnswer(question, raw["decision"], depth + 1);
  if (typeof raw["approved"] === "boolean") return decision(raw["approved"] ? "approve" : "reject", textOf(raw));
  const edited = editedArgs(raw);
  if (edited !== null && ("edited_action" in raw || "editedAction" in raw)) return decision("edit", textOf(raw), edited);
  return whatIsAccepted(question);
}

function readTyped(type: DecisionType, raw: Dictionary): Decision | string {
  const text = textOf(raw);
  if (type === "edit") {
    const args = editedArgs(raw);
    return args === null ? "The edit carries no arguments. Send them as `args`, or as `edited_action: { name, args }`." : decision("edit", text, args);
  }
  // agent-inbox sends an accepted action with its arguments; for secrets that is where the values are
  if (type === "approve") return { type, message: text, args: editedArgs(raw) };
  if (type === "respond") return text === null ? "The response carries no text." : decision("respond", text);
  return decision("reject", text);
}

/** What the payload allows, and how its arguments must look. */
function judge(question: Question, reading: Decision): ReadReply {
  let { type } = reading;
  if (question.kind === "secret") {
    if (type === "respond") {
      const values = readAssignments(reading.message ?? "");
      return values === null ? problem(whatIsAccepted(question)) : judgeSecrets(question, { type: "edit", message: null, args: values });
    }
    if (type === "approve" && reading.args === null) return problem(whatIsAccepted(question));
    if (type !== "reject") return judgeSecrets(question, reading);
  }
  const may = (wanted: DecisionType) => question.allowed.length === 0 || question.allowed.includes(wanted);
  // several clients show a refusal as "respond"; without a place for a response it is a refusal with a reason
  if (type === "respond" && !may("respond") && may("reject")) type = "reject";
  if (!may(type)) return problem(whatIsAccepted(question));
  if (type === "edit") {
    // a misspelt name would else approve what the person meant to change
    const editable = Object.keys(question.args ?? {});
    if (question.kind !== null && Object.keys(reading.args ?? {}).some((name) => !editable.includes(name)))
      return problem(`The edit names something that was not asked about. What can be edited: ${editable.join(", ")}.`);
    const args = coerce(question, { ...question.args, ...reading.args });
    return { ok: true, decision: { type, message: reading.message, args } };
  }
  return { ok: true, decision: { type, message: reading.message, args: null } };
}

function judgeSecrets(question: Question, reading: Decision): ReadReply {
  const given = reading.args ?? {};
  const asked = question.args === null || Object.keys(question.args).length === 0 ? Object.keys(given) : Object.keys(question.args);
  const args: Dictionary = {};
  const missing: string[] = [];
  for (const name of asked) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const text = typeof value === "string" ? value.trim() : typeof value === "number" && Number.isFinite(value) ? String(value) : "";
    if (text === "") missing.push(name);
    else Object.defineProperty(args, name, { value: text, enumerable: true, writable: true, configurable: true });
  }
  if (asked.length === 0) return problem("No values were given.");
  if (missing.length > 0) return problem(`These still need a value: ${missing.join(", ")}. Nothing was stored; send all of them together, or reject.`);
  return { ok: true, decision: { type: "edit", message: null, args } };
}

/** Edited values come back as strings from some clients: they get the type that the argument had, or that its schema names. */
function coerce(question: Question, args: Dictionary): Dictionary {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, typeof value === "string" ? coerceText(value, wantedType(question, name)) : value]),
  );
}

function wantedType(question: Question, name: string): string {
  const schema = Object.hasOwn(question.argTypes, name) ? question.argTypes[name] : undefined;
  if (isDictionary(schema) && typeof schema["type"] === "string") return schema["type"];
  const original = question.args !== null && Object.hasOwn(question.args, name) ? question.args[name] : undefined;
  if (Array.isArray(original)) return "array";
  return original === null ? "string" : typeof original;
}

function coerceText(text: string, wanted: string): unknown {
  if (wanted === "number" || wanted === "integer") return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  if (wanted === "boolean") return text === "true" ? true : text === "false" ? false : text;
  if (wanted === "array" || wanted === "object") {
    const json = parseJson(text);
    return json !== undefined && Array.isArray(json) === (wanted === "array") ? json : text;
  }
  return text;
}

function readQuestion(payload: unknown): Question {
  const source = typeof payload === "string" ? parseJson(payload) : payload;
  const shown = Array.isArray(source) ? source[0] : source;
  if (!isDictionary(shown)) return { kind: null, action: null, args: null, argTypes: {}, allowed: [] };
  const request = firstOf(shown["action_requests"]) ?? firstOf(shown["actionRequests"]) ?? dictionary(shown["action_request"]) ?? {};
  const review = firstOf(shown["review_configs"]) ?? firstOf(shown["reviewConfigs"]) ?? {};
  const args = dictionary(request["args"]) ?? dictionary(request["arguments"]);
  const schema = dictionary(review["args_schema"]) ?? dictionary(review["argsSchema"]);
  const action = request["name"] ?? request["action"];
  const kind = dictionary(shown["x"])?.["kind"];
  return {
    kind: typeof kind === "string" ? kind : null,
    action: typeof action === "string" ? action : null,
    args,
    argTypes: dictionary(schema?.["properties"]) ?? {},
    allowed: allowedBy(review["allowed_decisions"] ?? review["allowedDecisions"], dictionary(shown["config"])),
  };
}

function allowedBy(listed: unknown, config: Dictionary | null): DecisionType[] {
  if (Array.isArray(listed))
    return listed.flatMap((word) => (typeof word === "string" && Object.hasOwn(DECISION_WORDS, word) ? [DECISION_WORDS[word] ?? "approve"] : []));
  if (config === null) return [];
  const flags: [string, DecisionType][] = [
    ["allow_accept", "approve"],
    ["allow_edit", "edit"],
    ["allow_ignore", "reject"],
    ["allow_respond", "respond"],
  ];
  return flags.flatMap(([flag, type]) => (config[flag] === true ? [type] : []));
}

/** True when only a text answers the question: then "no" is an answer, not a refusal. */
function saysJustText(question: Question): boolean {
  return question.kind === "question" || (question.allowed.includes("respond") && !question.allowed.includes("approve") && !question.allowed.includes("edit"));
}

function hasAskedNames(question: Question, raw: Dictionary): boolean {
  return Object.keys(question.args ?? {}).some((name) => Object.hasOwn(raw, name));
}

/** `NAME=value` lines, as in an .env file; null when it is not such a text. */
function readAssignments(text: string): Dictionary | null {
  const lines = text.split(/\r?\n/u).filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  const pairs = lines.map((line) => /^\s*(?:export\s+)?(?<name>[A-Za-z_]\w*)\s*[=:]\s*(?<value>.*?)\s*$/su.exec(line)?.groups);
  if (pairs.length === 0 || pairs.includes(undefined)) return null;
  return Object.fromEntries(pairs.map((pair) => [pair?.["name"] ?? "", (pair?.["value"] ?? "").replace(/^(["'])(.*)\1$/su, "$2")]));
}

/** Arguments of an edit: plain, inside an action (`args: { action, args }`), or as edited_action / editedAction. */
function editedArgs(raw: Dictionary): Dictionary | null {
  const action = dictionary(raw["edited_action"]) ?? dictionary(raw["editedAction"]);
  if (action !== null) return jsonDictionary(action["args"]) ?? jsonDictionary(action["arguments"]);
  const args = jsonDictionary(raw["args"]);
  if (args === null) return null;
  const isAction =
    typeof (args["action"] ?? args["name"]) === "string" && "args" in args && Object.keys(args).every((key) => ["action", "name", "args"].includes(key));
  return isAction ? jsonDictionary(args["args"]) : args;
}

function textOf(raw: Dictionary): string | null {
  for (const key of ["message", "args", "reason", "feedback", "response", "text", "content"]) {
    const value = raw[key];
    if (typeof value === "string" && value.trim() !== "") return value.trim();
  }
  return null;
}

function emptyAnswer(question: Question): string {
  return `The answer is empty. ${whatIsAccepted(question)}`;
}

function whatIsAccepted(question: Question): string {
  if (question.kind === "secret") {
    const names = Object.keys(question.args ?? {});
    return `This needs values: send an edit with \`args\` ${names.length === 0 ? "{ NAME: value }" : `{ ${names.map((name) => `${name}: …`).join(", ")} }`}, or reject.`;
  }
  if (saysJustText(question)) return 'Answer with a text: `{ type: "respond", message: "…" }`.';
  const allowed = question.allowed.length === 0 ? ["approve", "edit", "reject"] : question.allowed;
  return `This answer could not be used. Accepted here: ${allowed.join(", ")}; for example \`{ decisions: [{ type: "${allowed[0]}" }] }\`.`;
}

function decision(type: DecisionType, message: string | null = null, args: Dictionary | null = null): Decision {
  return { type, message, args };
}

function problem(text: string): ReadReply {
  return { ok: false, problem: text };
}

function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function dictionary(value: unknown): Dictionary | null {
  return isDictionary(value) ? value : null;
}

function jsonDictionary(value: unknown): Dictionary | null {
  return dictionary(typeof value === "string" ? parseJson(value) : value);
}

function firstOf(value: unknown): Dictionary | null {
  return Array.isArray(value) ? dictionary(value[0]) : null;
}

/** Objects, arrays and booleans only: a bare number or word stays the text that it is. */
function parseJson(text: string): unknown {
  if (!/^\s*[[{"]/u.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
