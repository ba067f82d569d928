import { expect } from "vitest";
import { verifies } from "./verifies.ts";
import { world } from "./world.ts";

const here = world();

verifies("system.ok", async () => {
  const answer = await here.http("GET", "/ok");
  expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
});

verifies("system.info", async () => {
  const info: unknown = await (await here.http("GET", "/info")).json();
  expect(info).toMatchObject({ version: expect.any(String), langgraph_js_version: "1.4.18", context: "js", flags: { assistants: true, crons: true } });
});
