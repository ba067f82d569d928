import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { approvalPayload, type ApprovalRequest } from "#protocol/approval-payload.ts";
import { readReply } from "#protocol/approval-reply.ts";
import { foreignAnswer } from "#protocol/foreign-answer.ts";

const identity = { threadId: "t", branch: "b", occasion: "1" };
const base: Omit<ApprovalRequest, "kind" | "action" | "args" | "allowed"> = { description: "d", risk: "low", digest: null, identity };
const plan = approvalPayload({
  ...base,
  kind: "plan",
  action: "approve_plan",
  args: { goal: "polls", rounds: 5, strict: true, steps: ["a"] },
  allowed: ["approve", "edit", "reject"],
});
const deploy = approvalPayload({ ...base, kind: "deploy", action: "deploy", args: { tests: 3 }, allowed: ["approve", "reject"] });
const secret = approvalPayload({ ...base, kind: "secret", action: "provide_secrets", args: { API_KEY: "", TOKEN: "" }, allowed: ["edit", "reject"] });
const question = approvalPayload({ ...base, kind: "question", action: "answer", args: {}, allowed: ["respond"] });
const escalation = approvalPayload({ ...base, kind: "escalation", action: "continue", args: {}, allowed: ["approve", "respond", "reject"] });

const approve = { type: "approve", message: null, args: null };
const reject = (message: string | null = null) => ({ type: "reject", message, args: null });

describe("approve and reject, in every known shape", () => {
  test.each([
    ["agent-inbox, list", [{ type: "accept", args: { action: "deploy", args: { tests: "3" } } }]],
    ["agent-inbox, alone", { type: "accept", args: null }],
    ["agent-chat-ui", { decisions: [{ type: "approve" }] }],
    ["a decision", { type: "approve" }],
    ["our own decision", approve],
    ["true", true],
    ["a word", "approve"],
    ["a Russian word", " Да! "],
    ["JSON text", '{"decisions":[{"type":"approve"}]}'],
    ["quoted", '"yes"'],
    ["approved", { approved: true }],
    ["decision key", { decision: "approve" }],
  ])("approve: %s", (_name, raw) => {
    expect(readReply(deploy, raw)).toEqual({ ok: true, decision: approve });
  });

  test.each([
    ["agent-inbox ignore", [{ type: "ignore", args: null }], null],
    ["agent-inbox response stands for a refusal", [{ type: "response", args: "too risky" }], "too risky"],
    ["agent-chat-ui", { decisions: [{ type: "reject", message: "no tests" }] }, "no tests"],
    ["false", false, null],
    ["a word", "Нет", null],
    ["with a reason", "no, it is Friday", "it is Friday"],
    ["approved: false", { approved: false, reason: "later" }, "later"],
  ])("reject: %s", (_name, raw, message) => {
    expect(readReply(deploy, raw)).toEqual({ ok: true, decision: reject(message) });
  });
});

describe("for a graph that is not ours", () => {
  const args = { to: "ada", times: 2 };
  const config = { allow_accept: true, allow_edit: true, allow_ignore: true, allow_respond: true };
  const older = { action_request: { action: "send", args }, config };
  const camel = { actionRequests: [{ name: "send", args }], reviewConfigs: [{ actionName: "send", allowedDecisions: ["approve", "edit", "reject"] }] };
  const snake = { action_requests: [{ name: "send", args }], review_configs: [{ action_name: "send", allowed_decisions: ["approve", "edit", "reject"] }] };
  const edit = { type: "edit", args: { times: "3" } };
  const changed = { name: "send", args: { to: "ada", times: 3 } };
  test.each([
    ["approve, middleware", camel, true, { decisions: [{ type: "approve" }] }],
    ["edit, JavaScript", camel, edit, { decisions: [{ type: "edit", editedAction: changed }] }],
    ["edit, Python", snake, edit, { decisions: [{ type: "edit", edited_action: changed }] }],
    ["reject", snake, "no, later", { decisions: [{ type: "reject", message: "later" }] }],
    ["in its shape already", snake, { decisions: [{ type: "x" }] }, { decisions: [{ type: "x" }] }],
    ["agent-inbox, approve", [older], { type: "approve" }, [{ type: "accept", args: null }]],
    ["agent-inbox, edit", older, edit, [{ type: "edit", args: { action: "send", args: changed.args } }]],
    ["agent-inbox, reject", [older], false, [{ type: "ignore", args: null }]],
    ["agent-inbox, reject with a reason", [older], { type: "reject", message: "later" }, [{ type: "response", args: "later" }]],
    ["agent-inbox, as it answers", [older], [{ type: "response", args: "x" }], [{ type: "response", args: "x" }]],
    ["no shape that we know", { question: "name?" }, { type: "approve" }, { type: "approve" }],
    ["reject of several", { actionRequests: [{ name: "a" }, { name: "b" }] }, false, { decisions: [{ type: "reject" }, { type: "reject" }] }],
  ])("%s", (_name, payload, raw, value) => {
    expect(foreignAnswer(payload, raw)).toEqual({ ok: true, value });
  });

  test("nothing is approved that was not decided about", () => {
    const two = {
      actionRequests: [
        { name: "a", args },
        { name: "b", args },
      ],
    };
    for (const raw of [true, { type: "approve" }, { decisions: [{ type: "approve" }] }, edit, "perhaps"]) expect(foreignAnswer(two, raw).ok).toBe(false);
  });
});

describe("edits", () => {
  const edited = { goal: "surveys", rounds: 3, strict: false, steps: ["a", "b"] };
  test.each([
    ["snake case", { decisions: [{ type: "edit", edited_action: { name: "approve_plan", args: edited } }] }],
    ["camel case", { decisions: [{ type: "edit", editedAction: { name: "approve_plan", args: edited } }] }],
    ["both, as useStream sends", { decisions: [{ type: "edit", editedAction: { name: "x", args: edited }, edited_action: { name: "x", args: edited } }] }],
    ["agent-inbox strings", [{ type: "edit", args: { action: "approve_plan", args: { goal: "surveys", rounds: "3", strict: "false", steps: '["a","b"]' } } }]],
    ["plain", { type: "edit", args: edited }],
  ])("%s", (_name, raw) => {
    expect(readReply(plan, raw)).toEqual({ ok: true, decision: { type: "edit", message: null, args: edited } });
  });

  test("a partial edit keeps the other arguments", () => {
    expect(readReply(plan, { type: "edit", args: { goal: "x" } })).toMatchObject({ decision: { args: { goal: "x", rounds: 5, steps: ["a"] } } });
  });

  test("an edit of something that was not asked about is refused, with the names that were", () => {
    const reply = readReply(plan, { type: "edit", args: { gaol: "x", rounds: 3 } });
    expect(reply).toMatchObject({ ok: false, problem: expect.stringMatching(/goal, rounds/) });
  });

  test("an edit where only yes or no is allowed, and an edit of nothing, are refused", () => {
    expect(readReply(deploy, { type: "edit", args: { tests: 0 } })).toMatchObject({ ok: false });
    expect(readReply(plan, { type: "edit" })).toMatchObject({ ok: false });
  });
});

describe("secrets", () => {
  const values = { API_KEY: "k=1", TOKEN: "t" };
  test.each([
    ["names and values", values],
    ["edit", { type: "edit", args: values }],
    ["agent-chat-ui", { decisions: [{ type: "edit", edited_action: { name: "provide_secrets", args: values } }] }],
    ["agent-inbox edit", [{ type: "edit", args: { action: "provide_secrets", args: values } }]],
    ["agent-inbox accept after filling in", [{ type: "accept", args: { action: "provide_secrets", args: values } }]],
    ["lines", "API_KEY=k=1\nexport TOKEN='t'"],
    ["lines in a response", { type: "response", args: "API_KEY=k=1\nTOKEN: t" }],
    ["with a name nobody asked for, which goes", { ...values, OTHER: "x" }],
  ])("%s", (_name, raw) => {
    expect(readReply(secret, raw)).toEqual({ ok: true, decision: { type: "edit", message: null, args: values } });
  });

  test("approval without values, missing names and empty values are told, without quoting a value", () => {
    for (const raw of [true, "yes", { type: "approve" }, { API_KEY: "hunter2" }, { API_KEY: "hunter2", TOKEN: " " }, "hunter2"]) {
      const reply = readReply(secret, raw);
      expect(reply.ok).toBe(false);
      expect(JSON.stringify(reply)).not.toContain("hunter2");
    }
    expect(readReply(secret, { API_KEY: "x" })).toMatchObject({ problem: expect.stringContaining("TOKEN") });
  });

  test("a refusal is a refusal", () => {
    expect(readReply(secret, "нет")).toEqual({ ok: true, decision: reject() });
  });
});

describe("texts", () => {
  test("an answer to a question is a text, even when it is the word no", () => {
    expect(readReply(question, "no")).toEqual({ ok: true, decision: { type: "respond", message: "no", args: null } });
    expect(readReply(question, false)).toMatchObject({ decision: { type: "respond", message: "no" } });
    expect(readReply(question, [{ type: "response", args: "in memory" }])).toMatchObject({ decision: { type: "respond", message: "in memory" } });
  });

  test("where both are allowed, words decide first", () => {
    expect(readReply(escalation, "approve")).toMatchObject({ decision: { type: "approve" } });
    expect(readReply(escalation, "use a map instead")).toMatchObject({ decision: { type: "respond", message: "use a map instead" } });
  });
});

describe("what cannot be read stays a question", () => {
  test.each([
    ["nothing", null],
    ["an empty text", "  "],
    ["an empty list", []],
    ["two decisions", { decisions: [{ type: "approve" }, { type: "reject" }] }],
    ["an unknown type", { type: "maybe" }],
    ["a sentence", "yes but first rename it"],
    ["a number", 1],
    ["an empty object", {}],
    ["prototype names", { type: "__proto__" }],
    ["constructor", { type: "constructor" }],
  ])("%s", (_name, raw) => {
    expect(readReply(deploy, raw)).toMatchObject({ ok: false, problem: expect.any(String) });
  });

  test("foreign payloads: the older list form, JSON text, none", () => {
    const older = {
      action_request: { action: "send", args: { to: "a" } },
      config: { allow_ignore: true, allow_respond: false, allow_edit: false, allow_accept: true },
    };
    expect(readReply([older], [{ type: "accept", args: null }])).toEqual({ ok: true, decision: approve });
    expect(readReply(JSON.stringify(older), { type: "edit", args: { to: "b" } })).toMatchObject({ ok: false });
    expect(readReply("Go on?", "yes")).toEqual({ ok: true, decision: approve });
  });
});

describe("properties", () => {
  const payloads = fc.oneof(fc.constantFrom<unknown>(plan, deploy, secret, question, escalation), fc.anything());
  const words = fc.constantFrom("approve", "accept", "edit", "reject", "ignore", "respond", "response", "maybe");
  const shaped = fc.letrec((tie) => ({
    reply: fc.oneof(
      { maxDepth: 4 },
      fc.anything(),
      fc.string(),
      fc.record({ type: words, args: fc.anything(), message: fc.anything() }, { requiredKeys: [] }),
      fc.array(tie("reply"), { maxLength: 2 }),
      fc.record({ decisions: tie("reply") }),
      fc.record({ type: words, edited_action: fc.record({ name: fc.string(), args: fc.anything() }) }),
    ),
  })).reply;

  test("nothing throws, and an answer is always one of the four with the fields in place", () => {
    fc.assert(
      fc.property(payloads, shaped, (payload, raw) => {
        const reply = readReply(payload, raw);
        if (!reply.ok) {
          expect(reply.problem.length).toBeGreaterThan(0);
          return;
        }
        expect(["approve", "edit", "reject", "respond"]).toContain(reply.decision.type);
        expect(reply.decision.args !== null).toBe(reply.decision.type === "edit");
      }),
      { numRuns: 1_000 },
    );
  });

  test("only what the payload allows comes out", () => {
    const allowed = new Map<unknown, string[]>([
      [plan, ["approve", "edit", "reject"]],
      [deploy, ["approve", "reject"]],
      [secret, ["edit", "reject"]],
      [question, ["respond"]],
      [escalation, ["approve", "respond", "reject"]],
    ]);
    fc.assert(
      fc.property(fc.constantFrom(plan, deploy, secret, question, escalation), shaped, (payload, raw) => {
        const reply = readReply(payload, raw);
        if (reply.ok) expect(allowed.get(payload)).toContain(reply.decision.type);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a foreign graph gets one decision for each action that it asks about, or nothing", () => {
    const action = fc.record({ name: fc.string(), args: fc.dictionary(fc.string(), fc.jsonValue()) });
    const hitl = fc
      .array(action, { minLength: 1, maxLength: 3 })
      .chain((actions) => fc.constantFrom({ actionRequests: actions }, { action_requests: actions, review_configs: [] }));
    fc.assert(
      fc.property(hitl, shaped, (payload, raw) => {
        const answer = foreignAnswer(payload, raw);
        if (!answer.ok) return;
        const { decisions } = answer.value as { decisions: unknown[] };
        expect(decisions).toHaveLength(("actionRequests" in payload ? payload.actionRequests : payload.action_requests).length);
      }),
      { numRuns: 1_000 },
    );
  });

  test("reading a decision again gives the same decision", () => {
    fc.assert(
      fc.property(fc.constantFrom(plan, deploy, secret, question, escalation), shaped, (payload, raw) => {
        const reply = readReply(payload, raw);
        if (reply.ok) expect(readReply(payload, reply.decision)).toEqual(reply);
      }),
      { numRuns: 1_000 },
    );
  });
});
