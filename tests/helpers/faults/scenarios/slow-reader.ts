import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { say } from "../facts.ts";
import type { Member } from "../fleet.ts";
import type { World } from "./world.ts";

/**
 * A reader that takes 1 KB a second of a stream of many megabytes: the process that serves it does not keep the stream for it, drops it, and
 * the reader can come back with the last id it saw.
 */
export async function slowReader(world: World, input: { megabytes: number; mostGrowthMb: number }): Promise<void> {
  const { fleet } = world;
  const client = fleet.client();
  const server = fleet.servers[0];
  if (server === undefined) throw new Error("no server");
  // warm: what a first stream of this size loads is no growth of a slow reader
  await pour(world, 5);
  const before = memoryOf(server);
  const run = await client.runs.create(crypto.randomUUID(), "pour", {
    input: { megabytes: input.megabytes },
    streamMode: ["custom"],
    streamResumable: true,
    ifNotExists: "create",
  });
  const path = `/threads/${run.thread_id}/runs/${run.run_id}/stream`;
  const reader = await slowly(new URL(path, server.url), "-1");
  let most = before;
  // what stands in the kernel still arrives for a long time: the server's own word is what counts
  while (!server.output().includes("stream cut")) {
    most = Math.max(most, memoryOf(server));
    await pause(100);
  }
  reader.leave();
  await client.runs.join(run.thread_id, run.run_id);
  most = Math.max(most, memoryOf(server));
  const lastId = reader.lastId();
  // it comes back: from there on as far as the window reaches, to the end
  const rest = await fetch(new URL(path, server.url), { headers: { "last-event-id": lastId } });
  const text = await rest.text();
  const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
  const growth = (most - before) / 1_024;
  say("slow reader", {
    megabytes: input.megabytes,
    "read before it was cut, KB": Math.round(reader.bytes() / 1_024),
    "growth MB": Math.round(growth),
    "events after coming back": ids.length,
  });
  expect(reader.bytes()).toBeLessThan(input.megabytes * 100_000);
  expect(ids.length).toBeGreaterThan(0);
  expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  expect(ids.at(-1)).toBe(input.megabytes * 10);
  expect(growth).toBeLessThan(input.mostGrowthMb);
}

async function pour(world: World, megabytes: number): Promise<void> {
  await world.fleet.client().runs.wait(crypto.randomUUID(), "pour", { input: { megabytes }, ifNotExists: "create" });
}

interface SlowReader {
  bytes(): number;
  lastId(): string;
  leave(): void;
}

/** Takes 1 KB a second and leaves the rest in the socket. */
async function slowly(url: URL, lastEventId: string): Promise<SlowReader> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(url, { headers: { "last-event-id": lastEventId }, agent: false }, resolve);
    outgoing.on("error", reject);
    outgoing.end();
  });
  let bytes = 0;
  let text = "";
  answer.on("error", () => {});
  answer.pause();
  const timer = setInterval(() => {
    const piece: unknown = answer.read(1_024) ?? answer.read();
    if (!(piece instanceof Buffer)) return;
    bytes += piece.length;
    text = (text + piece.toString("utf8")).slice(-300_000);
  }, 1_000);
  return {
    bytes: () => bytes,
    lastId: () => [...text.matchAll(/^id: (\d+)\n\n/gm)].at(-1)?.[1] ?? lastEventId,
    leave() {
      clearInterval(timer);
      answer.destroy();
    },
  };
}

/** Resident memory in KB. */
function memoryOf(member: Member): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${member.pid}/status`, "utf8"))?.[1] ?? 0);
}
