import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { say } from "../facts.ts";
import { allOver, faultsOf } from "../load-runs.ts";
import { endedTwice, heldRuns, markHistory, readHistory } from "../run-history.ts";
import type { World } from "./world.ts";

const PRELOAD = fileURLToPath(new URL("../../../fixtures/faults/kill-at-statement.mjs", import.meta.url));

/** The boundaries of a run's life, each by words that only its statement holds. */
const POINTS = {
  insert: "insert into runs (",
  claim: "candidate as materialized",
  checkpoint: "put_checkpoint as (",
  writes: "insert into checkpoint_writes",
  frames: process.env["REDIS_URL"] === undefined ? "insert into stream_events" : "xadd",
  finish: "ended_at = now(), updated_at = now()",
  webhook: "insert into webhooks",
  release: "set status = 'pending', epoch = epoch + 1",
} as const;

export type Point = keyof typeof POINTS;
export const ALL_POINTS = Object.keys(POINTS) as Point[];

/**
 * On a fleet without workers: a process that serves and works dies right before or right after one statement of a run, and another takes its place. The run ends once, with all its
 * effects, or, when its insert was not committed, the client is told nothing and sends it again.
 */
export async function crashPoints(world: World, input: { points: readonly Point[]; webhookUrl: string }): Promise<void> {
  const { db, fleet, ledger } = world;
  const wrong: string[] = [];
  let deaths = 0;
  for (const point of input.points) {
    for (const moment of ["before", "after"] as const) {
      const since = await markHistory(db.database);
      const send = async (client: World["fleet"]["members"][number]["client"]) => {
        const ms = point === "release" ? 300 : 20;
        const run = await client.runs.create(crypto.randomUUID(), "steps", { input: { steps: 3, ms }, ifNotExists: "create", webhook: input.webhookUrl });
        sent.push(run.run_id);
      };
      const sent: string[] = [];
      // something to claim
      if (point === "claim") await send(fleet.client());
      const environment = { NODE_OPTIONS: `--import=${PRELOAD}`, KILL_STATEMENT: POINTS[point], KILL_MOMENT: moment };
      const dying = await fleet.add("all", environment).catch(() => null);
      while (dying?.isAlive()) {
        await send(dying.client).catch(() => {});
        if (point === "release" && (await heldRuns(db.database)).has(dying.pid)) await dying.end("SIGTERM");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (fleet.members.at(-1)?.process.signalCode === "SIGKILL") deaths += 1;
      else wrong.push(`${moment} ${point}: it was not hit`);
      const heir = await fleet.add("worker");
      await send(fleet.client());
      const runs = { ids: sent, steps: 3 };
      await allOver(db.database, runs);
      wrong.push(...(await faultsOf(db.database, ledger, runs)).map((fault) => `${moment} ${point}: ${fault}`));
      wrong.push(...endedTwice(await readHistory(db.database, since)).map((run) => `${moment} ${point}: ${run} ended twice`));
      await heir.end("SIGTERM");
    }
  }
  say("crash points", { points: input.points.length * 2, deaths, wrong: wrong.length });
  expect(wrong).toEqual([]);
}
