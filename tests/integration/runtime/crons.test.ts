import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "#db/client.ts";
import { AppError } from "#errors";
import type { Judge } from "#ports/access.ts";
import { CronCreate, CronUpdate } from "#protocol/crons.ts";
import type { Cron } from "#protocol/wire.ts";
import type { Runtime, RuntimeOptions } from "#runtime/create-runtime.ts";
import { CONFORMANCE_GRAPHS } from "../../conformance/world.ts";
import { testDatabase, type TestDatabase } from "../../helpers/database.ts";
import { eventually, LOCAL, NO_HEADERS, testRuntime } from "../../helpers/runtime.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const never = new AbortController().signal;

let home: TestDatabase;
let database: Database;
let now: Date;
let runtimes: Runtime[];

beforeEach(async () => {
  home = await testDatabase();
  ({ database } = home);
  now = new Date("2030-01-01T10:00:00.500Z");
  runtimes = [];
});

afterEach(async () => {
  await Promise.all(runtimes.map(close));
  await home[Symbol.asyncDispose]();
});

async function open(options: Partial<RuntimeOptions> & { configPath?: string } = {}): Promise<Runtime> {
  const runtime = await testRuntime(database, { clock: () => now, ...options });
  runtimes.push(runtime);
  await runtime.start();
  return runtime;
}

async function close(runtime: Runtime): Promise<void> {
  runtimes.splice(runtimes.indexOf(runtime), 1);
  await runtime[Symbol.asyncDispose]();
}

function pass(ms: number): void {
  now = new Date(now.getTime() + ms);
}

const create = (runtime: Runtime, input: Record<string, unknown> = {}, thread: string | null = null, caller = LOCAL): Promise<Cron> =>
  runtime.services.crons.create(caller, thread, CronCreate.parse({ assistant_id: "echo", schedule: "* * * * * *", input: { text: "hi" }, ...input }));
const update = (runtime: Runtime, cron: Cron, input: Record<string, unknown>): Promise<Cron> =>
  runtime.services.crons.update(LOCAL, cron.cron_id, CronUpdate.parse(input));
const newThread = async (runtime: Runtime): Promise<string> => (await runtime.services.threads.create(LOCAL, {})).thread_id;

/** The ticks that became runs, in order; what fired twice stands here twice. */
async function fired(cron: Cron): Promise<string[]> {
  const rows = await database.sql<{ tick: string }[]>`
    select metadata ->> 'scheduled_for' as tick from runs where metadata ->> 'cron_id' = ${cron.cron_id} order by sequence`;
  return rows.map((row) => row.tick);
}

const firedTimes = (cron: Cron, count: number): Promise<string[]> =>
  eventually(
    () => fired(cron),
    (ticks) => ticks.length >= count,
  );

/** Time goes on by a second, often enough that whatever is due at this time has been seen to. */
async function looks(runtime: Runtime): Promise<void> {
  const witness = await create(runtime);
  for (let look = 1; look <= 2; look += 1) {
    pass(SECOND);
    await firedTimes(witness, look);
  }
  await runtime.services.crons.delete(LOCAL, witness.cron_id);
}

const at = (time: string): string => `2030-01-01T${time}.000Z`;

/** Undoes every fourth tick at its commit, as a crash there would; answers how many that were. */
async function undoEveryFourth(): Promise<() => Promise<number>> {
  // a sequence counts on when its transaction is undone
  await database.sql.unsafe(`
    create sequence ticks_tried;
    create function undo() returns trigger language plpgsql as $$
      begin if nextval('ticks_tried') % 4 = 0 then raise exception 'crashed at commit'; end if; return null; end $$;
    create constraint trigger undo after update of last_tick on crons deferrable initially deferred for each row execute function undo();`);
  return async () => {
    const [row] = await database.sql<{ tried: number }[]>`select last_value::int as tried from ticks_tried`;
    return Math.floor((row?.tried ?? 0) / 4);
  };
}

describe("a tick", () => {
  test("fires exactly once with three processes, though every fourth try is undone at its commit", async () => {
    const [one, two, three] = [await open(), await open(), await open()];
    const undone = await undoEveryFourth();
    const crons: Cron[] = [];
    for (let number = 0; number < 5; number += 1) {
      crons.push(await create(one, { on_run_completed: "keep" }));
      crons.push(await create(two, {}, await newThread(three)));
    }
    for (let tick = 1; tick <= 3; tick += 1) {
      pass(SECOND);
      await Promise.all(crons.map((cron) => firedTimes(cron, tick)));
    }
    for (const cron of crons) expect(await fired(cron)).toEqual([at("10:00:01"), at("10:00:02"), at("10:00:03")]);
    expect(await undone()).toBeGreaterThanOrEqual(7);
  });

  test("starts the assistant on a thread of its own, as the run of whoever made the cron", async () => {
    const runtime = await open();
    const ada = { owner: "ada" };
    const cron = await create(runtime, { on_run_completed: "keep", metadata: { team: "x" }, config: { tags: ["nightly"] } }, null, ada);
    pass(SECOND);
    const { items } = await eventually(
      () => runtime.services.threads.search(ada, { metadata: { cron_id: cron.cron_id }, limit: 10, offset: 0 }),
      (page) => page.items[0]?.status === "idle",
    );
    expect(items).toMatchObject([{ values: { answer: "you said hi" } }]);
    const thread = items[0]?.thread_id ?? "";
    const runs = await runtime.services.runs.list(ada, thread, { limit: 10, offset: 0 });
    expect(runs.items).toMatchObject([
      {
        status: "success",
        assistant_id: cron.assistant_id,
        metadata: { cron_id: cron.cron_id, scheduled_for: at("10:00:01"), team: "x" },
        kwargs: { config: { tags: ["nightly"] } },
      },
    ]);
    await expect(runtime.services.threads.get(LOCAL, thread)).rejects.toMatchObject({ code: "not_found" });
    expect(await runtime.services.crons.count(LOCAL, {})).toBe(0);
    await expect(runtime.services.crons.get(LOCAL, cron.cron_id)).rejects.toMatchObject({ code: "not_found" });
    await expect(update(runtime, cron, { enabled: false })).rejects.toMatchObject({ code: "not_found" });
    await expect(runtime.services.crons.delete(LOCAL, cron.cron_id)).rejects.toMatchObject({ code: "not_found" });
    const hers = await newThread(runtime);
    await expect(create(runtime, {}, hers, ada)).rejects.toMatchObject({ code: "not_found" });
  });

  test("leaves a thread that nobody lists, unless it is to be kept", async () => {
    const runtime = await open();
    const cron = await create(runtime);
    pass(SECOND);
    await firedTimes(cron, 1);
    expect(await runtime.services.threads.count(LOCAL, {})).toBe(0);
    const [row] = await database.sql<{ temporary: boolean }[]>`select temporary from threads`;
    expect(row).toEqual({ temporary: true });
  });

  test("waits behind what its thread is doing, or is dropped when the cron says reject", async () => {
    const runtime = await open();
    const thread = await newThread(runtime);
    const work = await runtime.services.runs.create(LOCAL, thread, { assistant_id: "slow", input: { steps: 1, ms: 60_000 } }, NO_HEADERS);
    const patient = await create(runtime, {}, thread);
    const proud = await create(runtime, { multitask_strategy: "reject" }, thread);
    await looks(runtime);
    expect((await fired(patient)).length).toBeGreaterThan(0);
    expect(await fired(proud)).toEqual([]);
    const stands = await runtime.services.crons.get(LOCAL, proud.cron_id);
    expect(stands).toMatchObject({ enabled: true, disabled_reason: null, next_run_date: at("10:00:03") });
    await runtime.services.crons.delete(LOCAL, patient.cron_id);
    await runtime.services.runs.cancel(LOCAL, thread, work.run_id, { action: "interrupt", wait: true });
    const queued = await runtime.services.runs.list(LOCAL, thread, { limit: 10, offset: 0 });
    const first = queued.items.findLast((run) => run.metadata["cron_id"] === patient.cron_id);
    expect(await runtime.services.runs.join(LOCAL, thread, first?.run_id ?? "", { cancelOnDisconnect: false, signal: never })).toMatchObject({
      answer: "you said hi",
    });
  });
});

describe("the clock", () => {
  test("an hour ahead makes one run of all ticks in it, an hour back fires none of them again", async () => {
    const runtime = await open();
    const cron = await create(runtime, { schedule: "*/10 * * * *" });
    pass(HOUR);
    await firedTimes(cron, 1);
    await looks(runtime);
    pass(-HOUR);
    await looks(runtime);
    expect(await fired(cron)).toEqual([at("10:10:00")]);
    expect(await runtime.services.crons.get(LOCAL, cron.cron_id)).toMatchObject({ next_run_date: at("11:10:00") });
    // a change of plan is no way back either
    expect(await update(runtime, cron, { schedule: "*/5 * * * *" })).toMatchObject({ next_run_date: at("10:15:00") });
    pass(HOUR + 10 * 60 * SECOND);
    expect(await firedTimes(cron, 2)).toEqual([at("10:10:00"), at("10:15:00")]);
  });

  test("what nobody was there for becomes one late run", async () => {
    const before = await open();
    const cron = await create(before, { schedule: "0 * * * *" });
    await close(before);
    pass(24 * HOUR);
    const after = await open();
    await firedTimes(cron, 1);
    await looks(after);
    expect(await fired(cron)).toEqual([at("11:00:00")]);
    expect(await after.services.crons.get(LOCAL, cron.cron_id)).toMatchObject({ next_run_date: "2030-01-02T11:00:00.000Z" });
  });

  test("ticks up to the end fire, none after it, and none long after", async () => {
    const runtime = await open();
    const cron = await create(runtime, { schedule: "*/10 * * * * *", end_time: at("10:00:20") });
    pass(10 * SECOND);
    await firedTimes(cron, 1);
    pass(40 * SECOND);
    expect(await firedTimes(cron, 2)).toEqual([at("10:00:10"), at("10:00:20")]);
    expect(await runtime.services.crons.get(LOCAL, cron.cron_id)).toMatchObject({ enabled: true, next_run_date: null });
    expect(await update(runtime, cron, { end_time: null })).toMatchObject({ end_time: null, next_run_date: at("10:01:00") });
    expect(await update(runtime, cron, { end_time: at("10:01:00") })).toMatchObject({ next_run_date: at("10:01:00") });
    pass(HOUR);
    await eventually(
      () => runtime.services.crons.get(LOCAL, cron.cron_id),
      (stands) => stands.next_run_date === null,
    );
    expect(await fired(cron)).toHaveLength(2);
  });

  test("a cron that is switched off fires nothing, and makes up for nothing later", async () => {
    const runtime = await open();
    const cron = await create(runtime, { enabled: false });
    expect(cron).toMatchObject({ enabled: false, next_run_date: null });
    await looks(runtime);
    expect(await update(runtime, cron, { enabled: true })).toMatchObject({ enabled: true, next_run_date: at("10:00:03") });
    pass(SECOND);
    expect(await firedTimes(cron, 1)).toEqual([at("10:00:03")]);
  });
});

describe("what a cron needs", () => {
  test("goes with its thread and with its assistant", async () => {
    const runtime = await open();
    const thread = await newThread(runtime);
    const assistant = await runtime.services.assistants.create(LOCAL, { graph_id: "echo" });
    await create(runtime, {}, thread);
    await create(runtime, { assistant_id: assistant.assistant_id });
    expect(await runtime.services.crons.count(LOCAL, {})).toBe(2);
    await runtime.services.threads.delete(LOCAL, thread);
    expect(await runtime.services.crons.count(LOCAL, {})).toBe(1);
    await runtime.services.assistants.delete(LOCAL, assistant.assistant_id);
    expect(await runtime.services.crons.count(LOCAL, {})).toBe(0);
  });

  test("a graph that is not served: its ticks wait and become one run", async () => {
    const maker = await open({ role: "server" });
    const cron = await create(maker);
    const stranger = await open({ configPath: CONFORMANCE_GRAPHS });
    const witness = await create(stranger, { assistant_id: "steps", schedule: "* * * * * *" });
    pass(SECOND);
    await firedTimes(witness, 1);
    pass(SECOND);
    await firedTimes(witness, 2);
    expect(await fired(cron)).toEqual([]);
    expect(await maker.services.crons.get(LOCAL, cron.cron_id)).toMatchObject({ enabled: true, disabled_reason: null, next_run_date: at("10:00:01") });
    await open();
    expect(await firedTimes(cron, 1)).toEqual([at("10:00:01")]);
  });

  test("the right to start runs: the rules are asked at every tick, for who made it", async () => {
    let employed = true;
    const judge: Judge = async (_event, value) => {
      if (!employed) throw new AppError("forbidden", "Ada has left.");
      return { value: { ...value, metadata: { ...Object(value["metadata"]), team: "red" } }, contains: { team: "red" } };
    };
    const ada = { owner: "ada", user: { identity: "ada", display_name: "Ada", is_authenticated: true, permissions: [] }, judge };
    const runtime = await open({ judgeOf: (user) => (user.identity === "ada" ? judge : async () => null) });
    const cron = await create(runtime, { on_run_completed: "keep" }, null, ada);
    expect(cron.metadata).toEqual({ team: "red" });
    pass(SECOND);
    await firedTimes(cron, 1);
    const [thread] = (await runtime.services.threads.search(ada, { metadata: { cron_id: cron.cron_id }, limit: 10, offset: 0 })).items;
    const { items } = await runtime.services.runs.list(ada, thread?.thread_id ?? "", { limit: 10, offset: 0 });
    expect(items).toMatchObject([{ metadata: { team: "red" } }]);
    // graphs are told who asks; clients are not told again
    const [run] = await database.sql<{ identity: string }[]>`select kwargs -> 'user' ->> 'identity' as identity from runs`;
    expect(run).toEqual({ identity: "ada" });
    employed = false;
    pass(SECOND);
    const stands = async () => (await database.sql<Cron[]>`select enabled, disabled_reason from crons where cron_id = ${cron.cron_id}`)[0];
    expect(await eventually(stands, (row) => row?.enabled === false)).toEqual({ enabled: false, disabled_reason: "Ada has left." });
    await expect(create(runtime, {}, null, ada)).rejects.toMatchObject({ code: "forbidden" });
  });

  test("an answer of the rules in time: one that never answers keeps no other cron waiting, nor a thread locked", async () => {
    const judge: Judge = async (event, value) => (event === "threads:create_run" && hangs ? new Promise(() => {}) : { value, contains: {} });
    let hangs = false;
    const ada = { owner: "ada", user: { identity: "ada", display_name: "Ada", is_authenticated: true, permissions: [] }, judge };
    const runtime = await open({ judgeOf: () => judge, judgeSeconds: 0.2 });
    const thread = (await runtime.services.threads.create(ada, {})).thread_id;
    const stuck = await create(runtime, {}, thread, ada);
    const other = await create(runtime);
    hangs = true;
    pass(SECOND);
    expect(await firedTimes(other, 1)).toEqual([at("10:00:01")]);
    expect(await fired(stuck)).toEqual([]);
    await runtime.services.threads.update(ada, thread, { metadata: { free: true } });
    hangs = false;
    await eventually(
      async () => {
        pass(SECOND);
        return fired(stuck);
      },
      (ticks) => ticks.length > 0,
    );
  });

  test("a slow rule holds neither rows nor a connection, is asked once, and its tick fires once, in any number of processes", async () => {
    let asked = 0;
    let slow = Promise.withResolvers<void>();
    let isSlow = false;
    const judge: Judge = async (event, value) => {
      if (event === "threads:create_run" && isSlow) {
        asked += 1;
        await slow.promise;
      }
      return { value, contains: {} };
    };
    const ada = { owner: "ada", user: { identity: "ada", display_name: "Ada", is_authenticated: true, permissions: [] }, judge };
    const runtime = await open({ judgeOf: () => judge });
    await open({ judgeOf: () => judge });
    const thread = (await runtime.services.threads.create(ada, {})).thread_id;
    const cron = await create(runtime, {}, thread, ada);
    const other = await create(runtime);
    const shown = await create(runtime, { schedule: "0 1 10 * * *" }, null, ada);
    isSlow = true;
    pass(SECOND);
    await eventually(
      async () => asked,
      (count) => count > 0,
    );
    expect(await firedTimes(other, 1), "others do not wait for it").toEqual([at("10:00:01")]);
    // others come and go; what the slow rule held would not
    await eventually(
      async () => database.sql`select query from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
      (waiting) => waiting.length === 0,
    );
    await eventually(
      () =>
        database.sql`select 1 from crons c, threads t where c.cron_id = ${cron.cron_id} and t.thread_id = ${thread} for update nowait`.then(
          (rows) => rows.length,
          (error: { code?: string }) => error.code,
        ),
      (found) => found === 1,
    );
    await looks(runtime);
    expect(asked, "nobody else asks what is being asked").toBe(1);
    slow.resolve();
    await firedTimes(cron, 1);
    isSlow = false;
    await looks(runtime);
    const ticks = await fired(cron);
    expect(ticks.filter((tick) => tick === at("10:00:01"))).toHaveLength(1);
    // what changed while its rule was asked is asked anew, and nothing of before fires
    slow = Promise.withResolvers<void>();
    isSlow = true;
    asked = 0;
    await runtime.services.crons.delete(ada, cron.cron_id);
    pass(60 * SECOND);
    await eventually(
      async () => asked,
      (count) => count > 0,
    );
    await runtime.services.crons.update(ada, shown.cron_id, CronUpdate.parse({ enabled: false }));
    isSlow = false;
    slow.resolve();
    await looks(runtime);
    expect(await fired(shown)).toEqual([]);
  });

  test("a process that ends waits for no rule, and its tick is another's at once", async () => {
    let hangs = true;
    const judge: Judge = async (event, value) => (event === "threads:create_run" && hangs ? new Promise(() => {}) : { value, contains: {} });
    const ada = { owner: "ada", user: { identity: "ada", display_name: "Ada", is_authenticated: true, permissions: [] }, judge };
    const kind: Judge = async (_event, value) => ({ value, contains: {} });
    const ending = await open({ judgeOf: () => judge, judgeSeconds: 120 });
    const cron = await create(ending, {}, null, { ...ada, judge: kind });
    pass(SECOND);
    const taken = async () =>
      (await database.sql<{ taken: boolean }[]>`select retry_at is not null as taken from crons where cron_id = ${cron.cron_id}`)[0]?.taken;
    await eventually(taken, (is) => is === true);
    const begun = performance.now();
    await close(ending);
    // with the rule it would have been two minutes
    expect(performance.now() - begun).toBeLessThan(60_000);
    hangs = false;
    await open({ judgeOf: () => judge });
    expect(await firedTimes(cron, 1)).toEqual([at("10:00:01")]);
  });

  test("what can never start is switched off and says why, until its owner switches it on", async () => {
    const runtime = await open();
    const cron = await create(runtime);
    await database.sql`update crons set payload = '{"durability": "of another version"}'`;
    pass(SECOND);
    const stands = await eventually(
      () => runtime.services.crons.get(LOCAL, cron.cron_id),
      (one) => !one.enabled,
    );
    expect(stands).toMatchObject({ next_run_date: null, disabled_reason: expect.stringContaining("make it anew") });
    expect(await update(runtime, cron, { durability: "sync", enabled: true })).toMatchObject({ enabled: true, disabled_reason: null });
    pass(SECOND);
    await firedTimes(cron, 1);
  });

  test("what cannot start for now is tried again, and then goes on", async () => {
    const runtime = await open();
    const cron = await create(runtime);
    await database.sql.unsafe(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
      create trigger refuse before insert on runs for each row execute function refuse();`);
    pass(SECOND);
    const failures = async () => (await database.sql<{ failures: number }[]>`select failures from crons where cron_id = ${cron.cron_id}`)[0]?.failures;
    await eventually(failures, (count) => count === 1);
    expect(await runtime.services.crons.get(LOCAL, cron.cron_id)).toMatchObject({ enabled: true, next_run_date: at("10:00:01") });
    await database.sql.unsafe("drop trigger refuse on runs");
    pass(SECOND);
    expect(await firedTimes(cron, 1)).toEqual([at("10:00:01")]);
    expect(await failures()).toBe(0);
  });
});
