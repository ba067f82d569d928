/**
 * kill -9 right before and right after checkpoints, programs (worktree, commit, test run, sandbox) and orders to the supervisor (release,
 * switch) of a recorded delivery. The server is started again, and the delivery must end like the unbroken one.
 *
 * CHAOS_POINTS: how many points, spread over all of them (default 12; `all` takes hours). CHAOS_SEED moves them. CHAOS_KIND: only
 * `checkpoint`, `program` or `order`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { testDatabase } from "../helpers/database.ts";
import { type DeliveryOutcome, runDelivery } from "./demo-delivery.ts";

const RECORDING = new URL("../../recordings/polls.jsonl", import.meta.url);
const request = z.object({ request: z.string() }).parse(JSON.parse(readFileSync(RECORDING, "utf8").split("\n", 1)[0] ?? "")).request;
const Counts = z.object({ checkpoint: z.number(), program: z.number(), order: z.number() });
const WANTED = process.env["CHAOS_POINTS"] ?? "12";
const KIND = process.env["CHAOS_KIND"];
const SEED = Number(process.env["CHAOS_SEED"] ?? "1");

const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "slipway-chaos-"));
  folders.push(made);
  return made;
}

/** Every point, or `wanted` of them, evenly spread and shifted by the seed. */
function choosePoints(counts: z.infer<typeof Counts>): string[] {
  const kinds = Object.entries(counts).filter(([kind]) => KIND === undefined || kind === KIND);
  const all = kinds.flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, index) => [`${kind}:${index + 1}:before`, `${kind}:${index + 1}:after`]).flat(),
  );
  if (WANTED === "all") return all;
  const wanted = Math.min(Number(WANTED), all.length);
  const stride = all.length / wanted;
  return Array.from({ length: wanted }, (_, index) => all[Math.floor(index * stride + ((SEED * 7) % stride))] ?? "").filter((point) => point !== "");
}

async function deliverWith(killAt?: string, countFile?: string) {
  const { database, url } = await testDatabase();
  return runDelivery({
    database,
    databaseUrl: url,
    dataDir: folder(),
    request,
    ...(killAt === undefined ? {} : { killAt }),
    ...(countFile === undefined ? {} : { countFile }),
  });
}

describe("a delivery that is killed ends like one that is not", () => {
  let unbroken: DeliveryOutcome;
  let points: string[] = [];

  beforeAll(async () => {
    const countFile = join(folder(), "counts.json");
    unbroken = (await deliverWith(undefined, countFile)).outcome;
    const counts = Counts.parse(JSON.parse(readFileSync(countFile, "utf8")));
    points = choosePoints(counts);
    console.log(`points: ${JSON.stringify(counts)}, chosen ${points.length}, seed ${SEED}`);
  }, 300_000);

  afterAll(() => folders.forEach((path) => rmSync(path, { recursive: true, force: true })));

  test("the unbroken one has one release, and one approval of each kind", () => {
    expect(unbroken.releases).toEqual(["1 live"]);
    expect(unbroken.approvals).toEqual(["plan done", "deploy done"]);
    expect(unbroken.servingReleases).toBe(1);
  });

  test("at every chosen point", { timeout: 24 * 3_600_000 }, async () => {
    const wrong: string[] = [];
    let hits = 0;
    for (const point of points) {
      try {
        const { outcome, deaths } = await deliverWith(point);
        hits += deaths;
        const same = JSON.stringify(outcome) === JSON.stringify(unbroken);
        console.log(`${same ? "same " : "OTHER"} ${point} (${deaths} deaths)`);
        if (!same) wrong.push(`${point}: ${JSON.stringify(outcome)}`);
      } catch (error) {
        console.log(`FAIL  ${point}: ${String(error).slice(0, 600)}`);
        wrong.push(`${point}: ${String(error).slice(0, 600)}`);
      }
    }
    expect(wrong).toEqual([]);
    // a test whose kills miss proves nothing
    expect(hits).toBeGreaterThanOrEqual(Math.floor(points.length * 0.8));
  });
});
