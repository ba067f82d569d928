import { describe, expect, test } from "vitest";
import type { EventMetrics, SessionMetrics } from "#ports/events.ts";
import { LogEvent } from "#protocol/events/events.ts";
import { until, world } from "../../conformance/world.ts";

const CANARY = "canary-7d1f of what nobody may read";

interface Listed {
  items: LogEvent[];
  next_cursor: number | null;
  last_seq: number;
}

/** Without the queue: a run for which there is a place at once never stands in it. */
function typesOf(events: readonly LogEvent[]): string[] {
  return events.map(({ type }) => type).filter((type) => type !== "run.created");
}

describe("events over HTTP", () => {
  const here = world({ script: () => ({ text: `never logged: ${CANARY}` }) });

  async function list(query = ""): Promise<Listed> {
    const answer = await here.http("GET", `/events?${query}`);
    expect(answer.status).toBe(200);
    return (await answer.json()) as Listed;
  }

  test("a run, its conversation and its approval are told in order, typed, and without a word of what was said", async () => {
    const { thread_id } = await here.client.threads.create();
    await here.client.runs.wait(thread_id, "chat", { input: { messages: [{ role: "user", content: CANARY }] } });
    const { items } = await list(`thread_id=${thread_id}&order=asc`);
    expect(typesOf(items)).toEqual([
      "session.created",
      "run.started",
      "message.added",
      "agent.started",
      "model.started",
      "model.completed",
      "message.added",
      "agent.completed",
      "run.ended",
    ]);
    expect(items.map((item) => LogEvent.parse(item))).toEqual(items);
    expect(new Set(items.map(({ correlation_id }) => correlation_id))).toEqual(new Set([thread_id]));
    expect(items.at(-1)).toMatchObject({ owner: "local", data: { graph_id: "chat", status: "success", attempt: 1 } });
    const started = items.find(({ type }) => type === "model.started");
    expect(items.find(({ type }) => type === "model.completed")).toMatchObject({
      causation_id: started?.id,
      data: { input_tokens: expect.any(Number) as number },
    });
    for (const table of ["events", "event_intake", "audit_log"]) {
      const rows = await here.database.database.sql.unsafe(`select 1 from ${table} e where e::text like '%canary-7d1f%'`);
      expect([table, rows.length]).toEqual([table, 0]);
    }
  });

  test("filters by category, by types with wildcards, by time; pages by number without a gap", async () => {
    const { thread_id } = await here.client.threads.create();
    for (let round = 0; round < 3; round += 1) await here.client.runs.wait(thread_id, "steps", { input: {} });
    const mine = `thread_id=${thread_id}`;
    expect(typesOf((await list(`${mine}&category=run`)).items)).toEqual([0, 1, 2].flatMap(() => ["run.ended", "run.started"]));
    expect((await list(`${mine}&type=*.ended,session.*&order=asc`)).items.map(({ type }) => type)).toEqual([
      "session.created",
      "run.ended",
      "run.ended",
      "run.ended",
    ]);
    expect((await list(`${mine}&type=run_ended`)).items).toEqual([]);
    const all = (await list(`${mine}&order=asc`)).items;
    const paged: LogEvent[] = [];
    let cursor: number | null = 0;
    while (cursor !== null) {
      const page: Listed = await list(`${mine}&order=asc&limit=2&cursor=${cursor}`);
      paged.push(...page.items);
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(all);
    const since = all[3]?.at ?? "";
    expect((await list(`${mine}&until=${since}&order=asc`)).items.length).toBeLessThan(all.length);
    expect((await here.http("GET", "/events?since=yesterday-ish")).status).toBe(400);
    expect((await here.http("GET", "/events?category=gossip")).status).toBe(400);
  });

  test("an approval and its decision stand in the audit log, and behind the run that carries the answer", async () => {
    const { thread_id } = await here.client.threads.create();
    await here.client.runs.wait(thread_id, "ask", { input: {} });
    const { items: asked } = (await (await here.http("GET", `/approvals?thread_id=${thread_id}`)).json()) as { items: { id: string }[] };
    const approval = asked[0]?.id ?? "";
    expect((await here.http("POST", `/approvals/${approval}/decision`, { type: "approve" }, { "content-type": "application/json" })).status).toBe(200);
    const { items } = await until(
      () => list(`thread_id=${thread_id}&order=asc`),
      ({ items: now }) => now.filter(({ type }) => type === "run.ended").length === 2,
    );
    expect(items.filter(({ category }) => category === "approval").map(({ type, actor }) => [type, actor])).toEqual([
      ["approval.required", null],
      ["approval.decided", "local"],
      ["approval.done", null],
    ]);
    expect(items.filter(({ type }) => type === "run.started").map(({ causation_id }) => causation_id)).toEqual([null, approval]);
    const audit = (await (await here.http("GET", `/events/audit-log?thread_id=${thread_id}&order=asc`)).json()) as { items: { type: string; hash: string }[] };
    expect(audit.items.map(({ type }) => type)).toEqual(["approval.required", "approval.decided", "approval.done"]);
    const lines = (await (await here.http("GET", "/events/audit-log?format=jsonl")).text()).trim().split("\n");
    const rows = lines.map((line) => JSON.parse(line) as { seq: number; previous_hash: string; hash: string });
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    expect(rows.map(({ previous_hash }) => previous_hash)).toEqual(["", ...rows.slice(0, -1).map(({ hash }) => hash)]);
  });

  test("where one person is everybody, changes of rules are told to them, and mistakes as JSON", async () => {
    const rule = { name: "told", pattern: "tool:told", effect: "ask" };
    const made = await here.http("POST", "/policies", rule, { "content-type": "application/json" });
    const { id } = (await made.json()) as { id: string };
    const audited = async () => {
      const answer = await here.http("GET", "/events/audit-log?type=policy.changed");
      return ((await answer.json()) as { items: { actor: string; data: object }[] }).items;
    };
    expect(await audited()).toMatchObject([{ actor: "local", data: { policy_id: id, change: "created" } }]);
    expect((await list("type=policy.changed")).items).toHaveLength(1);
    await here.http("DELETE", `/policies/${id}`);
    for (const path of [`/policies/${id}`, "/events/metrics/session/nobody"])
      expect(await (await here.http("GET", path)).json()).toMatchObject({ code: "not_found", message: expect.any(String), details: {} });
  });

  test("figures of everything, of one conversation and of all of them", async () => {
    const { thread_id } = await here.client.threads.create();
    await here.client.runs.wait(thread_id, "chat", { input: { messages: [{ role: "user", content: "hello" }] } });
    await here.client.runs.wait(thread_id, "boom", { input: {} }).catch(() => null);
    const one = (await (await here.http("GET", `/events/metrics/session/${thread_id}`)).json()) as SessionMetrics;
    expect(one).toMatchObject({
      session_id: thread_id,
      sessions: 1,
      runs: { started: 2, ended: 2, by_status: { success: 1, error: 1 } },
      models: { calls: 1, failed: 0 },
      approvals: { required: 0 },
    });
    expect(one.models.output_tokens).toBeGreaterThan(0);
    expect(one.runs.p95_ms).toBeGreaterThanOrEqual(one.runs.p50_ms ?? Number.NaN);
    const all = (await (await here.http("GET", "/events/metrics")).json()) as EventMetrics;
    expect(all.runs.ended).toBeGreaterThan(one.runs.ended);
    expect(all.events.by_category["run"]).toBe(
      (all.events.by_type["run.started"] ?? 0) + (all.events.by_type["run.ended"] ?? 0) + (all.events.by_type["run.created"] ?? 0),
    );
    const listed = (await (await here.http("GET", "/events/metrics/sessions?limit=1")).json()) as { items: SessionMetrics[]; total: number };
    expect(listed.items).toEqual([one]);
    expect(listed.total).toBe(all.sessions);
    expect((await here.http("GET", "/events/metrics/session/nobody")).status).toBe(404);
  });
});
