import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { world } from "./world.ts";

const here = world();

/** A thread on which the `steps` graph ran `runs` times. */
async function used(runs: number): Promise<{ id: string; runIds: string[] }> {
  const { thread_id: id } = await here.client.threads.create();
  const runIds: string[] = [];
  for (let run = 0; run < runs; run += 1) {
    const { run_id } = await here.client.runs.create(id, "steps", { input: { log: [`run ${run}`] } });
    await here.client.runs.join(id, run_id);
    runIds.push(run_id);
  }
  return { id, runIds };
}

const logOf = async (id: string) => (await here.client.threads.getState<{ log?: string[] }>(id)).values.log ?? [];

verifies("threads.ttl", async () => {
  const plain = await here.client.threads.create({ ttl: 90 });
  expect(plain).not.toHaveProperty("ttl");
  const told = await here.client.threads.get(plain.thread_id, { include: ["ttl"] });
  const expires_at = new Date(Date.parse(told.updated_at) + 90 * 60_000).toISOString();
  expect(told).toMatchObject({ ttl: { strategy: "delete", ttl_minutes: 90, expires_at } });
  await here.client.threads.update(plain.thread_id, { ttl: { ttl: 0.5, strategy: "delete" }, metadata: { a: 1 } });
  expect(await here.client.threads.get(plain.thread_id, { include: ["ttl"] })).toMatchObject({ metadata: { a: 1 }, ttl: { ttl_minutes: 0.5 } });
  const kept = await here.http("POST", "/threads", { ttl: { ttl: 60, strategy: "keep_latest" } });
  const { thread_id } = (await kept.json()) as { thread_id: string };
  expect(await here.client.threads.get(thread_id, { include: ["ttl"] })).toMatchObject({ ttl: { strategy: "keep_latest", ttl_minutes: 60 } });
  const none = await here.client.threads.create();
  expect(await here.client.threads.get(none.thread_id, { include: ["ttl", "unknown"] })).toMatchObject({ ttl: null });
});

verifies("threads.ttl-bad", async () => {
  for (const ttl of [0, -1, 1e300, "soon", { ttl: 5, strategy: "burn" }, {}]) {
    const answer = await here.http("POST", "/threads", { ttl });
    expect([ttl, answer.status]).toEqual([ttl, (await here.http("POST", "/threads", { thread_id: 1 })).status]);
  }
});

verifies("threads.prune", async () => {
  const [pruned, ended, untouched] = await Promise.all([used(2), used(1), used(1)]);
  const before = await logOf(pruned.id);
  expect(await here.client.threads.prune([pruned.id, randomUUID()], { strategy: "keep_latest" })).toEqual({ pruned_count: 1 });
  expect(await logOf(pruned.id)).toEqual(before);
  expect(await here.client.threads.getHistory(pruned.id, { limit: 100 })).toHaveLength(1);
  expect(await here.client.runs.wait(pruned.id, "steps", { input: { log: ["more"] } })).toMatchObject({ log: expect.arrayContaining([...before, "more"]) });
  expect(await here.client.threads.prune([ended.id])).toEqual({ pruned_count: 1 });
  await expect(here.client.threads.get(ended.id)).rejects.toThrowError("HTTP 404");
  expect((await here.client.threads.getHistory(untouched.id, { limit: 100 })).length).toBeGreaterThan(1);
});

verifies("threads.storage", async () => {
  const { id } = await used(1);
  const answer = await here.http("GET", `/threads/${id}/storage`);
  const storage = (await answer.json()) as { bytes: number; by: Record<string, { rows: number; bytes: number }> };
  expect(storage).toMatchObject({ thread_id: id, by: { thread: { rows: 1 }, runs: { rows: 1 } } });
  expect(storage.bytes).toBe(Object.values(storage.by).reduce((sum, kind) => sum + kind.bytes, 0));
  expect(await here.client.threads.get(id, { include: ["storage"] })).toMatchObject({ storage: { bytes: storage.bytes } });
  expect((await here.http("GET", `/threads/${randomUUID()}/storage`)).status).toBe(404);
});

verifies("threads.patch-state", async () => {
  const { thread_id } = await here.client.threads.create({ metadata: { a: 1 } });
  await here.client.threads.patchState(thread_id, { b: 2 });
  await here.client.threads.patchState({ configurable: { thread_id } } as never, { c: 3 });
  expect((await here.client.threads.get(thread_id)).metadata).toEqual({ a: 1, b: 2, c: 3 });
  await expect(here.client.threads.patchState(randomUUID(), {})).rejects.toThrowError("HTTP 404");
});

verifies("threads.delete-running", async () => {
  const gate = here.gate();
  const { thread_id } = await here.client.threads.create();
  const stream = here.client.runs.stream(thread_id, "gate", { input: gate.input, streamMode: "updates" });
  const { value: first } = await stream.next();
  expect(first).toMatchObject({ event: "metadata" });
  await here.client.threads.delete(thread_id);
  // it ends although its gate never opens
  while (!(await stream.next()).done);
  await expect(here.client.threads.get(thread_id)).rejects.toThrowError("HTTP 404");
});

verifies("threads.copy-asking", async () => {
  const { thread_id } = await here.client.threads.create();
  await here.client.runs.wait(thread_id, "ask", { input: {} });
  const copy = await here.client.threads.copy(thread_id);
  expect(copy.status).toBe("interrupted");
  await here.client.runs.wait(copy.thread_id, "ask", { command: { resume: "in the copy" } });
  expect((await here.client.threads.get(copy.thread_id)).status).toBe("idle");
  expect((await here.client.threads.get(thread_id)).status).toBe("interrupted");
});

verifies("runs.delete-state", async () => {
  const { id, runIds } = await used(3);
  const all = await logOf(id);
  await here.client.runs.delete(id, runIds[1] ?? "");
  expect(await logOf(id)).toEqual(all);
  await here.client.runs.delete(id, runIds[2] ?? "");
  const left = await logOf(id);
  expect(left).toEqual(all.slice(0, left.length));
  expect([left.includes("run 1"), left.includes("run 2")]).toEqual([true, false]);
  expect((await here.client.threads.get<{ log: string[] }>(id)).values.log).toEqual(left);
});
