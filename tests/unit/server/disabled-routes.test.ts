import express from "express";
import { expect, test } from "vitest";
import { isAppError } from "#errors";
import { disabledRoutes } from "#server/middleware/disabled-routes.ts";

const PATHS = [
  "/assistants",
  "/assistants/search",
  "/threads",
  "/threads/abc",
  "/threads/abc/state",
  "/threads/abc/runs",
  "/threads/abc/runs/stream",
  "/threads/abc/commands",
  "/threads/abc/stream/events",
  "/runs/stream",
  "/runs/crons",
  "/store/items",
  "/info",
  "/ok",
  "/metrics",
  "/mcp",
  "/a2a/abc",
  "/.well-known/agent-card.json",
  "/ui/abc",
  "/approvals",
  "/storefront",
];

function refusedBy(word: string): string[] {
  const refuse = disabledRoutes({ [word]: true } as never);
  return PATHS.filter((path) => {
    try {
      refuse({ path } as express.Request, {} as express.Response, () => {});
      return false;
    } catch (error) {
      return isAppError(error) && error.code === "not_found";
    }
  });
}

test.each([
  ["disable_assistants", ["/assistants", "/assistants/search"]],
  ["disable_threads", ["/threads", "/threads/abc", "/threads/abc/state"]],
  ["disable_runs", ["/threads/abc/runs", "/threads/abc/runs/stream", "/threads/abc/commands", "/threads/abc/stream/events", "/runs/stream", "/runs/crons"]],
  ["disable_store", ["/store/items"]],
  ["disable_meta", ["/info", "/ok", "/metrics"]],
  ["disable_mcp", ["/mcp"]],
  ["disable_a2a", ["/a2a/abc", "/.well-known/agent-card.json"]],
  ["disable_ui", ["/ui/abc"]],
  ["nothing", []],
])("%s takes away just its routes", (word, paths) => expect(refusedBy(word)).toEqual(paths));

test("a route that is switched off is so in capitals too, as Express serves it there", () => {
  const off = Object.fromEntries(["assistants", "threads", "runs", "store", "meta", "mcp", "a2a", "ui"].map((word) => [`disable_${word}`, true]));
  const refuse = disabledRoutes(off as never);
  const left = PATHS.filter((path) => {
    try {
      refuse({ path: path.toUpperCase() } as express.Request, {} as express.Response, () => {});
      return true;
    } catch {
      return false;
    }
  });
  expect(left).toEqual(["/approvals", "/storefront"]);
});
