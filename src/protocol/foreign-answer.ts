import type { Decision } from "#ports/approvals.ts";
import { readReply } from "./approval-reply.ts";

/**
 * What a graph that is not ours is resumed with when its question is decided in the inbox. Whoever decides there knows the inbox and not the
 * graph, and a graph that gets another shape than it asked for fails: LangChain's human-in-the-loop middleware takes `{ decisions: […] }`, what
 * was made for agent-inbox takes `[{ type: "accept" … }]`. An answer that has that shape already stays as it is, and so does every answer to a
 * question in no shape that we know.
 */
export type ForeignAnswer = { ok: true; value: unknown } | { ok: false; problem: string };

type Dictionary = Record<string, unknown>;

/** @param payload value of the interrupt; @param raw what the client sent. Never throws, and never quotes the answer. */
export function foreignAnswer(payload: unknown, raw: unknown): ForeignAnswer {
  const hitl = hitlActions(payload);
  if (hitl !== null) return answerHitl(payload, hitl, raw);
  const asked = inboxAction(payload);
  return asked === null ? { ok: true, value: raw ?? null } : answerInbox(payload, asked, raw);
}

function answerHitl(payload: unknown, actions: readonly unknown[], raw: unknown): ForeignAnswer {
  const count = actions.length;
  if (isDictionary(raw) && Array.isArray(raw["decisions"])) {
    const given = raw["decisions"].length;
    return given === count ? { ok: true, value: raw } : problem(`${count} actions are asked about together; there are ${given} decisions.`);
  }
  const reply = readReply(payload, raw);
  if (!reply.ok) return problem(reply.problem);
  // the inbox shows the first of them; nobody has approved the others with it
  if (count > 1 && reply.decision.type !== "reject")
    return problem(`${count} actions are asked about together; decide each: { decisions: [${actions.map(() => '{ type: "…" }').join(", ")}] }.`);
  return { ok: true, value: { decisions: actions.map(() => hitlDecision(payload, actions[0], reply.decision)) } };
}

function hitlDecision(payload: unknown, action: unknown, { type, message, args }: Decision): Dictionary {
  if (type !== "edit") return { type, ...(message === null ? {} : { message }) };
  const edited = { name: nameOf(action), args: args ?? {} };
  const has = (key: string) => isDictionary(payload) && key in payload;
  return { type, ...(has("action_requests") ? { edited_action: edited } : {}), ...(has("actionRequests") ? { editedAction: edited } : {}) };
}

function answerInbox(payload: unknown, action: Dictionary, raw: unknown): ForeignAnswer {
  if (Array.isArray(raw) && raw.every((one) => isDictionary(one) && INBOX_TYPES.has(String(one["type"])))) return { ok: true, value: raw };
  const reply = readReply(payload, raw);
  return reply.ok ? { ok: true, value: [inboxResponse(action, reply.decision, takesText(payload))] } : problem(reply.problem);
}

const INBOX_TYPES = new Set(["accept", "ignore", "response", "edit"]);

function inboxResponse(action: Dictionary, { type, message, args }: Decision, hearsReasons: boolean): Dictionary {
  if (type === "approve") return { type: "accept", args: null };
  if (type === "edit") return { type: "edit", args: { action: nameOf(action), args: args ?? {} } };
  if (type === "respond" || (message !== null && hearsReasons)) return { type: "response", args: message ?? "" };
  return { type: "ignore", args: null };
}

/** The actions of a request of LangChain's middleware, Python's spelling or JavaScript's; null for anything else. */
function hitlActions(payload: unknown): unknown[] | null {
  if (!isDictionary(payload)) return null;
  const listed = [payload["action_requests"], payload["actionRequests"]].find((list) => Array.isArray(list) && list.length > 0);
  return Array.isArray(listed) ? (listed as unknown[]) : null;
}

/** The action of agent-inbox's HumanInterrupt, alone or as the one in a list; null for anything else. */
function inboxAction(payload: unknown): Dictionary | null {
  const shown = shownIn(payload);
  return shown !== null && isDictionary(shown["action_request"]) && isDictionary(shown["config"]) ? shown["action_request"] : null;
}

function takesText(payload: unknown): boolean {
  const config = shownIn(payload)?.["config"];
  return isDictionary(config) && config["allow_respond"] === true;
}

function shownIn(payload: unknown): Dictionary | null {
  const shown: unknown = Array.isArray(payload) && payload.length === 1 ? payload[0] : payload;
  return isDictionary(shown) ? shown : null;
}

function nameOf(action: unknown): string {
  return isDictionary(action) ? String(action["name"] ?? action["action"] ?? "") : "";
}

function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problem(text: string): ForeignAnswer {
  return { ok: false, problem: text };
}
