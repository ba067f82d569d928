import { randomUUID } from "node:crypto";
import type { Cron } from "@langchain/langgraph-sdk";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { until, world } from "./world.ts";

const here = world();
const MIDNIGHT = "0 0 * * *";
const UUID = /^[0-9a-f-]{36}$/;

/** The SDK types the answer of `create` by an older shape of the same thing. */
const read = (cron: unknown): Cron => cron as Cron;

verifies("crons.create", async () => {
  const made = read(
    await here.client.crons.create("steps", {
      schedule: "30 9 * * 1-5",
      timezone: "America/New_York",
      endTime: "2040-01-01T00:00:00Z",
      input: { n: 1 },
      metadata: { team: "ops" },
      config: { tags: ["daily"] },
      onRunCompleted: "keep",
    }),
  );
  expect(made).toMatchObject({
    cron_id: expect.stringMatching(UUID),
    assistant_id: expect.stringMatching(UUID),
    thread_id: null,
    schedule: "30 9 * * 1-5",
    timezone: "America/New_York",
    end_time: "2040-01-01T00:00:00.000Z",
    enabled: true,
    on_run_completed: "keep",
    user_id: "local",
    metadata: { team: "ops" },
    payload: { assistant_id: made.assistant_id, input: { n: 1 }, config: { tags: ["daily"] } },
  });
  const next = new Date(made.next_run_date ?? 0);
  expect(next.getTime()).toBeGreaterThan(Date.now());
  expect(next.toLocaleTimeString("en-GB", { timeZone: "America/New_York" })).toBe("09:30:00");
  expect(await (await here.http("GET", `/runs/crons/${made.cron_id}`)).json()).toEqual(made);
});

verifies("crons.create-for-thread", async () => {
  const { thread_id } = await here.client.threads.create();
  const made = await here.client.crons.createForThread(thread_id, "steps", { schedule: MIDNIGHT });
  expect(made.thread_id).toBe(thread_id);
  await expect(here.client.crons.createForThread(randomUUID(), "steps", { schedule: MIDNIGHT })).rejects.toMatchObject({ status: 404 });
  await here.client.threads.delete(thread_id);
  expect((await here.http("GET", `/runs/crons/${made.cron_id}`)).status).toBe(404);
});

verifies("crons.refused", async () => {
  const refused = async (payload: Record<string, unknown>, status = 400) => {
    const answer = await here.http("POST", "/runs/crons", { assistant_id: "steps", ...payload });
    expect([answer.status, answer.headers.get("x-error-code")]).toEqual([status, status === 400 ? "invalid_request" : "not_found"]);
    return answer.text();
  };
  expect(await refused({})).toContain("schedule");
  expect(await refused({ schedule: "every day" })).toContain('Give one such as "0 9 * * 1-5"');
  expect(await refused({ schedule: "* * 31 2 *" })).toContain("no date");
  expect(await refused({ schedule: MIDNIGHT, timezone: "Middle/Earth" })).toContain("IANA");
  expect(await refused({ schedule: MIDNIGHT, end_time: "tomorrow" })).toContain("ISO 8601");
  expect(await refused({ schedule: MIDNIGHT, end_time: "2020-01-01T00:00:00Z" })).toContain("after the end");
  await refused({ schedule: MIDNIGHT, assistant_id: "nobody" }, 404);
  expect((await here.http("GET", "/runs/crons/nope")).status).toBe(400);
});

verifies("crons.update", async () => {
  const made = read(
    await here.client.crons.create("steps", {
      schedule: MIDNIGHT,
      timezone: "Asia/Tokyo",
      endTime: "2040-01-01",
      input: { n: 1 },
      metadata: { a: 1 },
      config: { tags: ["x"] },
    }),
  );
  const update = async (payload: Parameters<typeof here.client.crons.update>[1]) => read(await here.client.crons.update(made.cron_id, payload));
  expect(await update({ input: { n: 2 }, metadata: { b: 2 } })).toMatchObject({
    schedule: MIDNIGHT,
    end_time: "2040-01-01T00:00:00.000Z",
    next_run_date: made.next_run_date,
    metadata: { a: 1, b: 2 },
    payload: { input: { n: 2 }, config: { tags: ["x"] } },
  });
  expect(await update({ endTime: null })).toMatchObject({ end_time: null, timezone: "Asia/Tokyo" });
  expect(await update({ timezone: "UTC" })).toMatchObject({ next_run_date: expect.stringContaining("T00:00:00.000Z") });
  expect(await update({ enabled: false })).toMatchObject({ enabled: false, next_run_date: null });
  expect(await update({ enabled: true, schedule: "0 12 * * *" })).toMatchObject({ enabled: true, next_run_date: expect.stringContaining("T12:00:00.000Z") });
  await expect(update({ schedule: "nope" })).rejects.toMatchObject({ status: 400 });
  await expect(here.client.crons.update(randomUUID(), {})).rejects.toMatchObject({ status: 404 });
});

verifies("crons.delete", async () => {
  const { cron_id } = await here.client.crons.create("steps", { schedule: MIDNIGHT });
  await here.client.crons.delete(cron_id);
  await expect(here.client.crons.delete(cron_id)).rejects.toMatchObject({ status: 404 });
});

verifies("crons.search", async () => {
  const mark = randomUUID();
  const { thread_id } = await here.client.threads.create();
  const create = async (schedule: string, extra: { enabled?: boolean; thread?: string; graph?: string } = {}) => {
    const payload = { schedule, metadata: { mark, schedule }, ...(extra.enabled === undefined ? {} : { enabled: extra.enabled }) };
    const made = extra.thread
      ? await here.client.crons.createForThread(extra.thread, extra.graph ?? "steps", payload)
      : await here.client.crons.create(extra.graph ?? "steps", payload);
    return made.cron_id;
  };
  // whatever the date is today
  const inDays = (days: number) => {
    const day = new Date(Date.now() + days * 86_400_000);
    return `0 0 ${day.getUTCDate()} ${day.getUTCMonth() + 1} *`;
  };
  const late = await create(inDays(80));
  const soon = await create("* * * * *");
  const off = await create("0 0 1 * *", { enabled: false });
  const other = await create(inDays(40), { thread: thread_id, graph: "ask" });
  const search = async (query: Parameters<typeof here.client.crons.search>[0]) =>
    (await here.client.crons.search({ metadata: { mark }, ...query })).map((cron) => cron.cron_id);
  expect(await search({})).toEqual([other, off, soon, late]);
  expect(await search({ sortBy: "created_at", sortOrder: "asc", limit: 2, offset: 1 })).toEqual([soon, off]);
  expect(await search({ sortBy: "next_run_date", sortOrder: "asc" })).toEqual([soon, other, late, off]);
  expect(await search({ assistantId: "ask" })).toEqual([other]);
  expect(await search({ threadId: thread_id })).toEqual([other]);
  expect(await search({ enabled: false })).toEqual([off]);
  expect(await search({ assistantId: "nobody" })).toEqual([]);
  expect(await here.client.crons.search({ metadata: { mark }, enabled: false, select: ["cron_id", "schedule"] })).toEqual([
    { cron_id: off, schedule: "0 0 1 * *" },
  ]);
  const page = await here.http("POST", "/runs/crons/search", { metadata: { mark }, limit: 3 });
  expect([page.headers.get("x-pagination-total"), page.headers.get("x-pagination-next")]).toEqual(["4", "3"]);
  expect(await here.client.crons.count({ metadata: { mark } })).toBe(4);
  expect(await here.client.crons.count({ metadata: { mark }, threadId: thread_id })).toBe(1);
  expect(await here.client.crons.count({ metadata: { mark }, assistantId: "steps" })).toBe(3);
});

verifies("crons.run", async () => {
  const { thread_id } = await here.client.threads.create();
  const alone = await here.client.crons.create("steps", { schedule: "* * * * * *", input: {}, onRunCompleted: "keep" });
  const bound = await here.client.crons.createForThread(thread_id, "steps", { schedule: "* * * * * *", input: {} });
  const [thread] = await until(
    () => here.client.threads.search({ metadata: { cron_id: alone.cron_id }, status: "idle" }),
    (found) => found.length > 0,
  );
  const [own] = await here.client.runs.list(thread?.thread_id ?? "");
  expect(own).toMatchObject({ status: "success", metadata: { cron_id: alone.cron_id } });
  const runs = await until(
    () => here.client.runs.list(thread_id),
    (found) => found.filter((run) => run.status === "success").length > 1,
  );
  const ticks = runs.map((run) => String(run.metadata?.["scheduled_for"]));
  expect(new Set(ticks).size).toBe(ticks.length);
  await here.client.crons.delete(alone.cron_id);
  await here.client.crons.delete(bound.cron_id);
});
