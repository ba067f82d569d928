import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "#db/client.ts";
import type { InboxApproval } from "#ports/approvals.ts";
import { DryRunRequest, PolicyCreate } from "#protocol/policies.ts";
import type { Runtime } from "#runtime/create-runtime.ts";
import { testDatabase } from "../../helpers/database.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";

const never = new AbortController().signal;

const DAY = 86_400;

let database: Database;
let runtime: Runtime;
/** Every test has a day of its own, because time only goes on. */
let today = new Date("2030-01-01T10:00:00Z");
let now = today;

beforeAll(async () => {
  ({ database } = await testDatabase());
  runtime = await open();
});

beforeEach(() => {
  today = new Date(today.getTime() + DAY * 1_000);
  now = today;
});

afterEach(async () => {
  await database.sql`delete from policies`;
});

afterAll(() => runtime[Symbol.asyncDispose]());

/** That many seconds after the test began, as the API tells times. */
const at = (seconds: number): string => new Date(today.getTime() + seconds * 1_000).toISOString();

async function open(on = database): Promise<Runtime> {
  const opened = await testRuntime(on, { clock: () => now });
  await opened.start();
  return opened;
}

const pass = (seconds: number): void => {
  now = new Date(now.getTime() + seconds * 1_000);
};

const make = (rule: Record<string, unknown>) => runtime.services.policies.create(LOCAL, PolicyCreate.parse({ name: "mine", effect: "ask", ...rule }));

async function ask(asks: Record<string, unknown> = {}, input: { round?: number; assistant_id?: string } = {}): Promise<string> {
  const { thread_id: thread } = await runtime.services.threads.create(LOCAL, {});
  const run = await runtime.services.runs.create(LOCAL, thread, { assistant_id: "careful", ...input, input: { asks, round: input.round ?? 0 } }, NO_HEADERS);
  await runtime.services.runs.join(LOCAL, thread, run.run_id, { cancelOnDisconnect: false, signal: never });
  return thread;
}

const questionsOf = async (thread: string): Promise<InboxApproval[]> =>
  (await runtime.services.approvals.list(LOCAL, { thread_id: thread, limit: 100, offset: 0 })).items.toReversed();

/** The last question of a thread, once it is as wanted. */
async function last(thread: string, wanted: (question: InboxApproval) => boolean): Promise<InboxApproval> {
  const rows = await eventually(
    () => questionsOf(thread),
    (found) => found.length > 0 && wanted(found.at(-1) as InboxApproval),
  );
  return rows.at(-1) as InboxApproval;
}

const historyOf = async (approval: InboxApproval) => (await runtime.services.approvals.history(LOCAL, approval.id, { limit: 100, offset: 0 })).items;
const eventsOf = async (approval: InboxApproval) => (await historyOf(approval)).map((change) => change.event);

async function answersOf(thread: string): Promise<Record<string, unknown>[]> {
  const state = await eventually(
    () => runtime.services.threads.get(LOCAL, thread),
    (row) => row.status === "idle",
  );
  return (state.values as { answers: Record<string, unknown>[] }).answers;
}

const ended = (question: InboxApproval) => question.state === "done" || question.state === "expired";

describe("without a rule", () => {
  test("a question waits for a person, and its history says who answered over which API", async () => {
    const threads = [await ask({ kind: "plan" }), await ask({ kind: "plan" })] as const;
    const [first, second] = [(await questionsOf(threads[0]))[0], (await questionsOf(threads[1]))[0]];
    expect(first).toMatchObject({ state: "pending", expiresAt: null, policy: { id: "builtin:everything", effect: "ask" }, agent: "careful", decidedVia: null });
    await runtime.services.approvals.decide(LOCAL, first?.id ?? "", { type: "approve" });
    await runtime.services.runs.create(LOCAL, threads[1], { assistant_id: "careful", command: { resume: { type: "reject", message: "no" } } }, NO_HEADERS);
    const done = [await last(threads[0], ended), await last(threads[1], ended)] as const;
    expect(done.map((one) => [one.id, one.decidedVia, one.decision?.type])).toEqual([
      [first?.id, "api", "approve"],
      [second?.id, "resume", "reject"],
    ]);
    expect(await historyOf(done[1])).toMatchObject([
      { event: "asked", from: null, to: "pending", by: null },
      { event: "decided", from: "pending", to: "resuming", by: "local", via: "resume", decision: { type: "reject", message: "no" }, policy: null },
      { event: "done", from: "resuming", to: "done" },
    ]);
  });
});

describe("a rule", () => {
  test("that allows answers at once, once, and its name stands in the history", async () => {
    await make({ name: "tests may run", pattern: "tool:execute_command:npm *", effect: "allow" });
    const second = await open();
    const threads = await Promise.all(Array.from({ length: 5 }, () => ask()));
    for (const thread of threads) {
      const answers = await answersOf(thread);
      expect(answers).toEqual([expect.objectContaining({ type: "approve", decided_by: "policy:tests may run" })]);
      const [question] = await questionsOf(thread);
      expect(question).toMatchObject({ state: "done", decidedVia: "policy", policy: { name: "tests may run", effect: "allow" } });
      const decided = (await historyOf(question as InboxApproval)).filter((change) => change.event === "decided");
      expect(decided).toMatchObject([{ via: "policy", by: "policy:tests may run", policy: { name: "tests may run" } }]);
      expect((await runtime.services.runs.list(LOCAL, thread, { limit: 10, offset: 0 })).total).toBe(2);
    }
    await second[Symbol.asyncDispose]();
  });

  test("allows no more than its risk, no value of a secret, and nothing a foreign graph asks", async () => {
    await make({ pattern: "*:*:*", user: "local", agent: "*", effect: "allow", max_risk: "medium", tool: undefined });
    await make({ pattern: "secret:execute_command", effect: "allow", max_risk: "high" });
    const risky = await ask({ risk: "high" });
    const secret = await ask({ kind: "secret", args: { KEY: "" }, allowed: ["edit", "reject"] });
    const foreign = await ask({}, { assistant_id: "asker" });
    const medium = await ask({ risk: "medium" });
    expect(await answersOf(medium)).toMatchObject([{ type: "approve" }]);
    for (const thread of [risky, secret, foreign]) expect(await questionsOf(thread)).toMatchObject([{ state: "pending", decidedVia: null }]);
  });

  test("that denies rejects with its name; a plan without words, because those would order another one", async () => {
    await make({ name: "no commands", pattern: "*", effect: "deny", authority: "administrator" });
    await make({ pattern: "tool:execute_command:npm test", effect: "allow" });
    expect(await answersOf(await ask())).toMatchObject([{ type: "reject", message: 'Rejected by the policy "no commands".' }]);
    expect(await answersOf(await ask({ kind: "plan" }))).toMatchObject([{ type: "reject", message: null }]);
  });

  test("is no longer asked after so many rejections of the same", async () => {
    const thread = await ask({}, { round: 4 });
    for (let round = 0; round < 3; round += 1) {
      const question = await last(thread, (one) => one.state === "pending" && one.decidedVia === null);
      expect(await questionsOf(thread)).toHaveLength(round + 1);
      await runtime.services.approvals.decide(LOCAL, question.id, { type: "reject" });
      await eventually(
        () => questionsOf(thread),
        (found) => found.length > round + 1,
      );
    }
    const answers = await answersOf(thread);
    expect(answers.map((answer) => answer["decided_by"])).toEqual(["local", "local", "local", "policy:everything", "policy:everything"]);
    expect(answers[3]).toMatchObject({ type: "reject", message: expect.stringContaining("3 times") });
  });

  test("that cannot be carried out leaves the question to people after a few tries", async () => {
    await make({ pattern: "tool", effect: "allow" });
    await database.sql`
      create function refuse_policy() returns trigger language plpgsql as 'begin raise exception ''refused''; end'`;
    await database.sql`create trigger refuse_policy before update of state on approvals for each row when (new.decided_via = 'policy') execute function refuse_policy()`;
    const thread = await ask();
    const left = await eventually(
      async () => {
        pass(60);
        return (await questionsOf(thread))[0];
      },
      (question) => question?.parkedAt !== null && question?.parkedAt !== undefined,
    );
    expect(left).toMatchObject({ state: "pending", expiresAt: null });
    expect(await eventsOf(left as InboxApproval)).toEqual(["asked", "not_carried_out"]);
    await database.sql`drop trigger refuse_policy on approvals`;
    await runtime.services.approvals.decide(LOCAL, left?.id ?? "", true);
    expect(await answersOf(thread)).toMatchObject([{ type: "approve", decided_by: "local" }]);
  });
});

describe("a copy of a thread", () => {
  test("does not go on by itself", async () => {
    const thread = await ask();
    await make({ pattern: "tool", effect: "allow" });
    const copy = await runtime.services.threads.copy(LOCAL, thread);
    expect(await questionsOf(copy.thread_id)).toMatchObject([{ state: "pending", policy: { effect: "allow" } }]);
    const witness = await ask();
    expect(await answersOf(witness)).toMatchObject([{ type: "approve" }]);
    expect(await questionsOf(copy.thread_id)).toMatchObject([{ state: "pending" }]);
  });
});

describe("time", () => {
  test("a tool waits five minutes, is warned of, and is then rejected, never approved; a late answer learns it", async () => {
    const thread = await ask();
    const [question] = await questionsOf(thread);
    expect(question).toMatchObject({ expiresAt: at(300), onExpire: "reject" });
    pass(241);
    const warned = await eventually(
      () => eventsOf(question as InboxApproval),
      (events) => events.length > 1,
    );
    expect(warned).toEqual(["asked", "warned"]);
    pass(60);
    const gone = await last(thread, (one) => one.state === "expired");
    expect(gone).toMatchObject({ decidedVia: "expiry", decidedBy: "expiry", decision: { type: "reject" } });
    expect(await answersOf(thread)).toMatchObject([{ type: "reject", message: "Nobody answered in time." }]);
    expect(await eventsOf(gone)).toEqual(["asked", "warned", "decided", "expired"]);
    await expect(runtime.services.approvals.decide(LOCAL, gone.id, true)).rejects.toMatchObject({ code: "already_decided", details: { decided_by: "expiry" } });
  });

  test("goes over a restart, and two processes expire a question once", async () => {
    const threads = await Promise.all(Array.from({ length: 6 }, () => ask()));
    await runtime[Symbol.asyncDispose]();
    pass(301);
    const others = [await open(), await open()];
    runtime = await open();
    for (const thread of threads) {
      const gone = await last(thread, (one) => one.state === "expired");
      expect((await eventsOf(gone)).filter((event) => event === "decided")).toHaveLength(1);
      expect((await runtime.services.runs.list(LOCAL, thread, { limit: 10, offset: 0 })).total).toBe(2);
    }
    for (const other of others) await other[Symbol.asyncDispose]();
  });

  test("an answer and the expiry at the same moment: one of them counts", async () => {
    const threads = await Promise.all(Array.from({ length: 8 }, () => ask()));
    const questions = await Promise.all(threads.map(async (thread) => (await questionsOf(thread))[0] as InboxApproval));
    pass(301);
    const outcomes = await Promise.allSettled(questions.map((question) => runtime.services.approvals.decide(LOCAL, question.id, true)));
    for (const [index, outcome] of outcomes.entries()) {
      const settled = await last(threads[index] ?? "", ended);
      expect(await answersOf(threads[index] ?? "")).toHaveLength(1);
      expect(settled.decidedVia).toBe(outcome.status === "fulfilled" ? "api" : "expiry");
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "already_decided" });
      expect((await eventsOf(settled)).filter((event) => event === "decided")).toHaveLength(1);
    }
  });

  test("reminds, later and later; gives it to somebody else; parks: each waits on", async () => {
    await make({ pattern: "plan:remind", timeout_seconds: 100, on_expire: "remind" });
    await make({ pattern: "plan:escalate", timeout_seconds: 100, on_expire: "escalate", escalate_to: "grace", assignee: "ada" });
    await make({ pattern: "plan:park", timeout_seconds: 100, on_expire: "park" });
    const [reminded, escalated, parked] = [
      await ask({ kind: "plan", action: "remind" }),
      await ask({ kind: "plan", action: "escalate" }),
      await ask({ kind: "plan", action: "park" }),
    ];
    expect((await questionsOf(escalated))[0]).toMatchObject({ assignee: "ada", expiresAt: at(100), onExpire: "escalate" });
    pass(101);
    expect(await last(parked, (one) => one.parkedAt !== null)).toMatchObject({ state: "pending", expiresAt: null });
    expect(await last(escalated, (one) => one.assignee === "grace")).toMatchObject({ state: "pending", onExpire: "park", expiresAt: at(201) });
    const again = await last(reminded, (one) => one.expiresAt !== at(100));
    expect(again).toMatchObject({ state: "pending", expiresAt: at(201) });
    pass(101);
    expect(await last(reminded, (one) => one.expiresAt !== again.expiresAt)).toMatchObject({ expiresAt: at(402) });
    const given = await last(escalated, (one) => one.parkedAt !== null);
    expect(await eventsOf(given)).toEqual(["asked", "escalated", "parked"]);
    await runtime.services.approvals.decide(LOCAL, given.id, true);
    expect(await answersOf(escalated)).toMatchObject([{ type: "approve" }]);
    const found = await runtime.services.approvals.list(LOCAL, { assignee: "grace", limit: 10, offset: 0 });
    expect(found.items.map((one) => one.id)).toEqual([given.id]);
  });

  test("a foreign graph's question is parked where a rule would reject it", async () => {
    await make({ pattern: "question", agent: "asker", timeout_seconds: 100, on_expire: "reject" });
    const thread = await ask({}, { assistant_id: "asker" });
    pass(101);
    expect(await last(thread, (one) => one.parkedAt !== null)).toMatchObject({ state: "pending", decision: null });
  });
});

describe("a team's question", () => {
  test("that a rule answers does not trouble its parent", async () => {
    await make({ pattern: "plan", effect: "allow" });
    const { thread_id: thread } = await runtime.services.threads.create(LOCAL, {});
    await runtime.services.runs.create(LOCAL, thread, { assistant_id: "parent", input: { say: "build" } }, NO_HEADERS);
    const heard = await eventually(
      async () => ((await runtime.services.threads.get(LOCAL, thread)).values as { heard?: { outcome?: { status: string } }[] } | null)?.heard ?? [],
      (all) => all.some(({ outcome }) => outcome?.status === "done"),
    );
    expect(heard.flatMap(({ outcome }) => outcome?.status ?? [])).toEqual(["done"]);
    expect(await questionsOf(thread)).toEqual([]);
  });
});

describe("an approver", () => {
  const rights = (role: "user" | "approver", scopes: ("read" | "write" | "approve")[]) => ({ role, scopes });

  test("sees and decides everybody's questions; what goes on is the owner's work", async () => {
    const thread = await ask({ kind: "plan" });
    const [question] = await questionsOf(thread);
    const id = question?.id ?? "";
    const grace = { owner: "grace", rights: rights("approver", ["read", "approve"]) };
    const bob = { owner: "bob", rights: rights("user", ["read", "write", "approve"]) };
    const { approvals } = runtime.services;
    const all = { thread_id: thread, limit: 10, offset: 0 };
    expect((await approvals.list(bob, all)).total).toBe(0);
    const attempts = [
      () => approvals.get(bob, id),
      () => approvals.decide(bob, id, true),
      () => approvals.assign(bob, id, "bob"),
      () => approvals.history(bob, id, all),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: "not_found" });
    expect((await approvals.list(grace, all)).items.map((one) => one.id)).toEqual([id]);
    expect(await approvals.decide(grace, id, true)).toMatchObject({ decidedBy: "grace", decidedVia: "api" });
    expect(await answersOf(thread)).toMatchObject([{ type: "approve", decided_by: "grace" }]);
    const owners = await database.sql`select distinct owner from runs where thread_id = ${thread}`;
    expect(owners.map((row) => row["owner"])).toEqual(["local"]);
  });

  test("writes no rules; an administrator does", async () => {
    const input = PolicyCreate.parse({ name: "all", pattern: "*", effect: "allow" });
    const scopes = ["read", "write", "approve", "admin"] as const;
    for (const role of ["user", "approver"] as const)
      await expect(runtime.services.policies.create({ owner: "grace", rights: { role, scopes } }, input)).rejects.toMatchObject({ code: "forbidden" });
    const made = await runtime.services.policies.create({ owner: "root", rights: { role: "admin", scopes } }, input);
    expect(made).toMatchObject({ created_by: "root" });
    await expect(runtime.services.policies.delete({ owner: "root", rights: { role: "admin", scopes: ["read", "write"] } }, made.id)).rejects.toMatchObject({
      code: "forbidden",
    });
    const told = await database.sql`select actor, data from event_intake where type = 'policy.changed' and data ->> 'policy_id' = ${made.id}
      union all select actor, data from events where type = 'policy.changed' and data ->> 'policy_id' = ${made.id}`;
    expect(told).toMatchObject([{ actor: "root", data: { change: "created", name: "all", effect: "allow", pattern: "*" } }]);
  });
});

describe("a dry run", () => {
  test("tells what rules would have done, and with whom they disagree, and does nothing", async () => {
    // a database without the questions of the others
    const [shared, alone] = [runtime, await testDatabase()];
    runtime = await open(alone.database);
    await using _ = { [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose]().then(() => void (runtime = shared)) };
    const [approved, rejected, open_] = [await ask({ kind: "plan" }), await ask({ kind: "plan" }), await ask({ kind: "plan", risk: "high" })];
    await runtime.services.approvals.decide(LOCAL, (await questionsOf(approved))[0]?.id ?? "", true);
    await runtime.services.approvals.decide(LOCAL, (await questionsOf(rejected))[0]?.id ?? "", false);
    await last(rejected, ended);
    // questions are asked by the database's clock
    now = new Date();
    const run = (policies: unknown) => runtime.services.policies.dryRun(LOCAL, DryRunRequest.parse({ policies }));
    const result = await run([{ name: "plans", pattern: "plan", effect: "allow" }]);
    expect(result).toMatchObject({ considered: 3, truncated: false, by_effect: { allow: 2, ask: 1, deny: 0 }, disagreements: 1 });
    expect(result.items.map((item) => [item.thread_id, item.happened, item.would.name])).toEqual(
      expect.arrayContaining([
        [approved, "approve", "plans"],
        [rejected, "reject", "plans"],
      ]),
    );
    expect(await run(undefined)).toMatchObject({ by_effect: { allow: 0, ask: 3, deny: 0 }, items: [] });
    // nobody's yes answers an open question, and a rule's does not either
    const talk = await ask({ kind: "question", action: "answer", allowed: ["respond"] });
    now = new Date();
    for (const effect of ["allow", "deny"]) {
      const { items } = await run([{ name: "any", pattern: "question", effect, max_risk: "high" }]);
      expect(items.filter((item) => item.thread_id === talk)).toEqual([]);
    }
    await runtime.services.approvals.decide(LOCAL, (await questionsOf(talk))[0]?.id ?? "", "blue");
    expect(await questionsOf(open_)).toMatchObject([{ state: "pending" }]);
    now = new Date(Date.now() + 31 * DAY * 1_000);
    expect(await run(undefined)).toMatchObject({ considered: 0 });
  });
});
