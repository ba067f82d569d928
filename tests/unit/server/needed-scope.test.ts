import { expect, test } from "vitest";
import { neededScope } from "../../../src/server/needed-scope.ts";

test.each([
  ["GET", "/threads/x/state", "read"],
  ["POST", "/threads/search", "read"],
  ["POST", "/threads/count/", "read"],
  ["POST", "/threads/x/history", "read"],
  ["POST", "/threads/x/state/checkpoint", "read"],
  ["POST", "/threads/x/stream/events", "read"],
  ["POST", "/assistants/search", "read"],
  ["POST", "/assistants/count", "read"],
  ["POST", "/assistants/x/versions", "read"],
  ["POST", "/runs/crons/search", "read"],
  ["POST", "/runs/crons/count", "read"],
  ["POST", "/store/items/search", "read"],
  ["POST", "/store/namespaces", "read"],
  ["POST", "/threads/x/runs/stream", "read"],
  ["POST", "/runs", "read"],
  ["POST", "/threads/x/state", "write"],
  ["POST", "/runs/crons", "write"],
  ["POST", "/runs/cancel", "write"],
  ["DELETE", "/runs/crons/search", "write"],
  ["PUT", "/store/items", "write"],
  ["POST", "/projects/x/rollback", "write"],
  ["POST", "/approvals/x/decision", "approve"],
  ["POST", "/approvals/decisions", "approve"],
  ["POST", "/auth/keys", "admin"],
  ["DELETE", "/auth/keys/x", "admin"],
  ["POST", "/a/route/of/an/application", "write"],
  ["POST", "/its/orders/search", "write"],
  ["POST", "/its/threads/search", "write"],
  ["POST", "/orders/x/history", "write"],
])("%s %s takes %s", (method, path, scope) => {
  expect(neededScope({ method, path })).toBe(scope);
});
