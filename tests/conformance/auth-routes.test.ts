/**
 * Every route there is, under a project's own auth: who asks without an identity, as somebody else and as the owner. A route without a row fails.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { allRoutes } from "../helpers/routes.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { ask, CANARY, makeThings, OPEN, pathOf, ROWS, type Things } from "./route-rows.ts";
import { verifies } from "./verifies.ts";
import { fixture, world } from "./world.ts";

const ADA = { authorization: "Bearer ada" };
const BOB = { authorization: "Bearer bob" };

test("every route has a row", () => {
  expect(Object.keys(ROWS).concat(OPEN).toSorted()).toEqual(allRoutes().toSorted());
});

describe("with an identity and no rules", () => {
  const here = world({ langgraphJson: fixture("projects/custom-auth/identity-only.json") });

  verifies("auth.every-route", async () => {
    const things = await makeThings(here, ADA);
    const wrong: unknown[] = [];
    for (const [route, row] of Object.entries(ROWS)) {
      const nobody = await ask(here, route, things, {});
      if (nobody.status !== 401 || !nobody.text.includes("Bring a token")) wrong.push({ route, nobody });
      const stranger = await ask(here, route, things, BOB);
      const expected = row.stranger ?? row.owner ?? 404;
      const right = expected === "empty" ? stranger.status < 300 : stranger.status === expected;
      const leaks = [CANARY, things.checkpoint, things.assistant, things.cron].some(
        (secret) => stranger.text.includes(secret) && !pathOf(route, row, things).path.includes(secret),
      );
      if (!right || stranger.text.includes(CANARY) || (row.stranger === "empty" && leaks)) wrong.push({ route, stranger, expected });
    }
    expect(wrong).toEqual([]);
    // what bob did to all of it left it as it was
    for (const [route, row] of Object.entries(ROWS)) {
      const owner = await ask(here, route, things, ADA);
      const right = row.owner === undefined ? owner.status < 300 : owner.status === row.owner;
      if (!right) wrong.push({ route, owner });
    }
    expect(wrong).toEqual([]);
  });
});

describe("with a rule for everything", () => {
  const log = join(temporaryFolder("auth-log"), "events.jsonl");
  const here = world({ langgraphJson: fixture("projects/custom-auth/recorded.json"), environment: () => ({ AUTH_LOG: log }) });
  let things: Things;
  beforeAll(async () => {
    things = await makeThings(here, ADA);
  });

  verifies("auth.events", async () => {
    const wrong: unknown[] = [];
    for (const [route, row] of Object.entries(ROWS)) {
      writeFileSync(log, "");
      // bob: a rule that lets everybody in lifts the owner rule
      const { status, text } = await ask(here, route, things, BOB);
      const events = readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => (JSON.parse(line) as { event: string }).event);
      if (JSON.stringify([...new Set(events)]) !== JSON.stringify(row.events)) wrong.push({ route, asked: events, expected: row.events, status });
      // what rules are not about they let nobody into
      const expected = row.events.length === 0 ? (row.stranger ?? row.owner ?? 404) : (row.owner ?? "empty");
      if (expected === "empty" ? status >= 300 : status !== expected) wrong.push({ route, status, text });
    }
    expect(wrong).toEqual([]);
  });
});
