import { request } from "node:http";
import { expect } from "vitest";
import { chanceOf, type Chance, SEED } from "../chance.ts";
import { say } from "../facts.ts";
import type { Fleet } from "../fleet.ts";
import type { World } from "./world.ts";

/** What one connection brought: whole events only, as a client would take them. */
interface Part {
  events: string[];
  lastId: string | null;
  /** The server ended the answer: the stream is over. */
  ended: boolean;
}

/**
 * Streams whose socket is dropped at random, each time resumed at another server with Last-Event-ID: together the parts are, byte for byte, what
 * an undisturbed reader got. From -1 everything comes again; junk is refused; an id from beyond the end is the end.
 */
export async function droppedStreams(world: World, input: { streams: number; drops: number; words: number; ms: number; atOnce: number }): Promise<void> {
  const { fleet } = world;
  const chance = chanceOf(SEED);
  let left = input.streams;
  let drops = 0;
  let events = 0;
  const one = async () => {
    while (left > 0) {
      left -= 1;
      const client = fleet.client(left);
      const run = await client.runs.create(crypto.randomUUID(), "talk", {
        input: { words: input.words, ms: input.ms },
        streamMode: ["custom", "updates"],
        streamResumable: true,
        ifNotExists: "create",
      });
      const path = `/threads/${run.thread_id}/runs/${run.run_id}/stream`;
      const [whole, torn] = await Promise.all([readOn(fleet, path, "-1", null, 0), readTorn(fleet, path, input.drops, chance)]);
      drops += torn.drops;
      events += whole.events.length;
      expect(whole.ended).toBe(true);
      expect(torn.events.join("")).toBe(whole.events.join(""));
      const again = await readOn(fleet, path, "-1", null, 1);
      expect(again.events.join("")).toBe(whole.events.join(""));
      expect((await readOn(fleet, path, String(whole.events.length + 5), null, 0)).events).toEqual([]);
      const junk = await fetch(`${fleet.servers[0]?.url}${path}`, { headers: { "last-event-id": "abc" } });
      expect(junk.status).toBe(400);
      await junk.text();
    }
  };
  await Promise.all(Array.from({ length: Math.min(input.atOnce, input.streams) }, one));
  say("dropped streams", { streams: input.streams, drops, events, "bytes differ": 0 });
  expect(drops).toBeGreaterThanOrEqual(Math.floor((input.streams * input.drops) / 2));
}

async function readTorn(fleet: Fleet, path: string, most: number, chance: Chance): Promise<{ events: string[]; drops: number }> {
  const events: string[] = [];
  let lastId = "-1";
  let drops = 0;
  for (let turn = 0; ; turn += 1) {
    // bytes, so that a connection is cut in the middle of an event too
    const part = await readOn(fleet, path, lastId, drops < most ? 1 + chance.below(400) : null, turn);
    events.push(...part.events);
    lastId = part.lastId ?? lastId;
    if (part.ended) return { events, drops };
    drops += 1;
  }
}

/** Reads from one server, up to `bytes` when given, then destroys the socket. */
function readOn(fleet: Fleet, path: string, lastEventId: string, bytes: number | null, server: number): Promise<Part> {
  const servers = fleet.servers;
  const url = new URL(path, servers[server % servers.length]?.url);
  return new Promise((resolve, reject) => {
    let text = "";
    const outgoing = request(url, { headers: { "last-event-id": lastEventId }, agent: false }, (answer) => {
      answer.setEncoding("utf8");
      const done = (ended: boolean) => resolve({ ...wholeEvents(text), ended });
      answer.on("data", (piece: string) => {
        text += piece;
        if (bytes === null || text.length < bytes) return;
        text = text.slice(0, bytes);
        answer.removeAllListeners("end").on("error", () => {});
        outgoing.destroy();
        done(false);
      });
      answer.on("end", () => done(answer.complete));
      answer.on("error", () => done(false));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

function wholeEvents(text: string): Pick<Part, "events" | "lastId"> {
  // comments stand between events and are no part of the stream
  const blocks = text.replaceAll(/^:.*\n/gm, "").split("\n\n");
  const events = blocks.slice(0, -1).map((block) => `${block}\n\n`);
  const lastId = /^id: (.*)$/m.exec(events.at(-1) ?? "")?.[1] ?? null;
  return { events, lastId };
}
