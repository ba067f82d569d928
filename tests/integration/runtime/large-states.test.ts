import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDatabase } from "../../helpers/database.ts";
import { type ServerProcess, startServer } from "../../helpers/server.ts";

const LEDGER = fileURLToPath(new URL("../../fixtures/model-based/langgraph.json", import.meta.url));
/** Has no such graph. */
const COUNTING = fileURLToPath(new URL("../../fixtures/graphs/langgraph.json", import.meta.url));
const LONG = "long ".repeat(10_000);

interface Ledger {
  entries: string[];
}

describe("a state that is too large for its thread's row", async () => {
  const { database, url } = await testDatabase();
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer({ databaseUrl: url, langgraphJson: LEDGER });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  async function rowOf(threadId: string): Promise<{ held: boolean; at_head: boolean }> {
    const [row] = await database.sql<{ held: boolean; at_head: boolean }[]>`
      select "values" is not null as held, values_at_head as at_head from threads where thread_id = ${threadId}`;
    if (row === undefined) throw new Error("the thread has no row");
    return row;
  }

  async function longThread(way = "end") {
    const { client } = server;
    const { thread_id } = await client.threads.create({ metadata: { test: "large" } });
    const values = (await client.runs.wait(thread_id, "ledger", { input: { entries: [LONG], way } })) as unknown as Ledger;
    return { client, thread_id, values };
  }

  test("is answered whole to who waits, and not written into the row", async () => {
    const { client, thread_id, values } = await longThread();
    expect(values.entries).toEqual([LONG, "done 1"]);
    expect(await rowOf(thread_id)).toEqual({ held: false, at_head: true });
    const again = (await client.runs.wait(thread_id, "ledger", { input: { entries: ["short"], way: "end" } })) as unknown as Ledger;
    expect(again.entries).toEqual([LONG, "done 1", "short", "done 3"]);
  });

  test("is shown by get, search and join, also by another process", async () => {
    const { client, thread_id } = await longThread();
    expect((await client.threads.get<Ledger>(thread_id)).values.entries).toEqual([LONG, "done 1"]);
    const [run] = await client.runs.list(thread_id);
    await using other = await startServer({ databaseUrl: url, langgraphJson: LEDGER, environment: { ROLE: "server" } });
    expect(((await other.client.runs.join(thread_id, run?.run_id ?? "")) as unknown as Ledger).entries).toEqual([LONG, "done 1"]);
    const [found] = await client.threads.search<Ledger>({ ids: [thread_id] });
    expect(found?.values.entries).toEqual([LONG, "done 1"]);
    expect(await rowOf(thread_id), "who searches again finds it in the row").toEqual({ held: true, at_head: false });
    await client.runs.wait(thread_id, "ledger", { input: { entries: ["more"], way: "end" } });
    expect(await rowOf(thread_id)).toEqual({ held: false, at_head: true });
    const [later] = await client.threads.search<Ledger>({ ids: [thread_id] });
    expect(later?.values.entries).toHaveLength(4);
  });

  test("is not forgotten by a list that is made while nobody serves its graph", async () => {
    const { client, thread_id } = await longThread();
    await using without = await startServer({ databaseUrl: url, langgraphJson: COUNTING, environment: { ROLE: "server" } });
    const [unread] = await without.client.threads.search<Ledger>({ ids: [thread_id] });
    expect(unread?.values).toBeNull();
    expect(await rowOf(thread_id)).toEqual({ held: false, at_head: true });
    expect((await client.threads.get<Ledger>(thread_id)).values.entries).toEqual([LONG, "done 1"]);
  });

  test("is found by what it holds", async () => {
    const { client, thread_id } = await longThread();
    const filter = { ids: [thread_id], values: { entries: ["done 1"] } };
    expect(await client.threads.search(filter)).toHaveLength(1);
    expect(await client.threads.count({ metadata: { test: "large" }, values: { entries: ["done 17"] } })).toBe(0);
    expect(await client.threads.search({ ...filter, values: { entries: ["done 17"] } })).toEqual([]);
  });

  test("is found among more of them than are looked at together, and only read where it is shown", async () => {
    const { client, thread_id } = await longThread();
    const others: string[] = [];
    for (let count = 0; count < 25; count += 1) others.push((await client.threads.copy(thread_id)).thread_id);
    const listed = await client.threads.search({ ids: others, limit: 100, select: ["thread_id", "status"] });
    expect(listed).toHaveLength(25);
    expect(await rowOf(others[0] ?? ""), "nobody wanted to see its values").toEqual({ held: false, at_head: true });
    const found = await client.threads.search({ ids: others, limit: 100, values: { entries: ["done 1"] }, select: ["thread_id"] });
    expect(found.map((thread) => thread.thread_id).toSorted()).toEqual(others.toSorted());
  });

  test("that cannot be read is left out of what is found by values, is listed without them, and hinders nobody", async () => {
    const { client, thread_id: good } = await longThread();
    const { thread_id: bad } = await longThread();
    await database.sql`update checkpoint_blobs set blob = '{'::bytea, type = 'json' where thread_id = ${bad}`;
    const both = { ids: [good, bad], limit: 10 };
    expect((await client.threads.search({ ...both, values: { entries: ["done 1"] } })).map((thread) => thread.thread_id)).toEqual([good]);
    const listed = await client.threads.search<Ledger>(both);
    expect(new Map(listed.map((thread) => [thread.thread_id, thread.values?.entries?.length ?? null]))).toEqual(
      new Map([
        [good, 2],
        [bad, null],
      ]),
    );
    await expect.poll(() => server.output()).toContain("cannot be read");
  });

  test("is copied, and stands beside what the thread asks", async () => {
    const { client, thread_id, values } = await longThread("ask");
    expect(values).toMatchObject({ entries: [LONG], __interrupt__: [{ value: { question: 1 } }] });
    const copy = await client.threads.copy(thread_id);
    expect((copy.values as unknown as Ledger).entries).toEqual([LONG]);
    expect(Object.values(copy.interrupts).flat()).toHaveLength(1);
    await client.runs.wait(copy.thread_id, "ledger", { command: { resume: "yes" } });
    expect((await client.threads.get<Ledger>(copy.thread_id)).values.entries).toEqual([LONG, "answer yes"]);
    expect((await client.threads.get<Ledger>(thread_id)).values.entries).toEqual([LONG]);
  });

  test("is streamed step by step to who follows", async () => {
    const { client, thread_id } = await longThread();
    const sizes: number[] = [];
    for await (const part of client.runs.stream(thread_id, "ledger", { input: { entries: ["short"], way: "end" }, streamMode: "values" })) {
      if (part.event === "values") sizes.push((part.data as unknown as Ledger).entries.length);
    }
    expect(sizes).toEqual([3, 4]);
  });
});
