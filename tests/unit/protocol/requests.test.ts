import { describe, expect, test } from "vitest";
import { AssistantSearch, AssistantUpdate, GraphQuery } from "#protocol/assistants.ts";
import { CancelManyBody, CancelQuery, JoinStreamQuery, RunRequest } from "#protocol/runs.ts";
import { namespaceFault, StoreGet } from "#protocol/store.ts";
import { HistoryBody, StateAtCheckpoint, StateUpdate, ThreadCreate, ThreadPath } from "#protocol/threads.ts";

const UUID = "0198f5a0-0000-7000-8000-000000000000";

describe("threads", () => {
  test("no body creates a thread, null means not given, unknown fields are ignored", () => {
    expect(ThreadCreate.parse({})).toEqual({});
    expect(ThreadCreate.parse({ thread_id: null, metadata: null, novelty: 1 })).toEqual({});
  });

  test("any UUID version is an id, in one spelling; other text is not", () => {
    expect(ThreadPath.parse({ thread_id: UUID.toUpperCase() })).toEqual({ thread_id: UUID });
    expect(ThreadPath.parse({ thread_id: "00000000-0000-0000-0000-000000000000" })).toBeDefined();
    expect(ThreadPath.safeParse({ thread_id: "not-a-uuid" }).success).toBe(false);
  });

  test("subgraphs comes as a boolean from the SDK and as text from older clients", () => {
    expect(StateAtCheckpoint.parse({ subgraphs: true })).toEqual({ checkpoint: {}, subgraphs: true });
    expect(StateAtCheckpoint.parse({ subgraphs: "true", checkpoint: null })).toEqual({ checkpoint: {}, subgraphs: true });
  });

  test("a checkpoint id and a checkpoint become one", () => {
    expect(StateUpdate.parse({ values: null, checkpoint_id: UUID, as_node: "__end__" })).toEqual({
      values: null,
      as_node: "__end__",
      checkpoint: { checkpoint_id: UUID },
    });
    expect(StateUpdate.parse({})).toEqual({ values: null });
    expect(StateUpdate.safeParse({ values: "text" }).success).toBe(false);
  });

  test.each([["cp"], [{ checkpoint_id: "cp" }], [{ configurable: { checkpoint_id: "cp" } }]])("before %j is the checkpoint cp", (before) => {
    expect(HistoryBody.parse({ before })).toEqual({ limit: 10, before: { checkpoint_id: "cp" } });
  });
});

describe("assistants", () => {
  test("pages are bounded", () => {
    expect(AssistantSearch.parse({})).toEqual({ limit: 10, offset: 0 });
    for (const limit of [0, 1_001, -1, 1.5, "ten"]) expect(AssistantSearch.safeParse({ limit }).success).toBe(false);
  });

  test("a description can be cleared", () => {
    expect(AssistantUpdate.parse({ description: null })).toEqual({ description: null });
  });

  test.each([
    [undefined, false],
    ["true", true],
    ["false", false],
    ["2", 2],
  ])("xray %j is %j", (xray, expected) => {
    expect(GraphQuery.parse({ xray }).xray).toBe(expected);
  });
});

describe("runs", () => {
  test("reserved keys never reach a run, whatever door they try", () => {
    const run = RunRequest.parse({
      assistant_id: "a",
      config: { configurable: { __slipway: 1, __pregel_send: 2, kept: 3 }, __x: 4, recursion_limit: 5 },
      context: { __slipway: 1, kept: 2 },
      checkpoint: { checkpoint_id: UUID, __pregel_read: 1 },
    });
    expect(JSON.stringify(run)).not.toContain("__");
    expect(run.config).toEqual({ configurable: { kept: 3 }, recursion_limit: 5 });
    expect(run.context).toEqual({ kept: 2 });
  });

  test.each([
    ["0", false],
    ["1", true],
    ["true", true],
    ["false", false],
    [undefined, false],
  ])("cancel?wait=%s waits: %s", (wait, expected) => {
    expect(CancelQuery.parse({ wait })).toEqual({ wait: expected, action: "interrupt" });
  });

  test("cancelling many needs to say which", () => {
    expect(CancelManyBody.safeParse({}).success).toBe(false);
    expect(CancelManyBody.parse({ status: "all" })).toEqual({ status: "all" });
  });

  test("one stream mode in a query is a list of one", () => {
    expect(JoinStreamQuery.parse({ stream_mode: "values", cancel_on_disconnect: "0" })).toEqual({ cancel_on_disconnect: false, stream_mode: ["values"] });
    expect(JoinStreamQuery.parse({}).stream_mode).toBeNull();
    expect(JoinStreamQuery.safeParse({ stream_mode: "novelty" }).success).toBe(false);
  });
});

describe("store", () => {
  test("a namespace is joined by dots in the query", () => {
    expect(StoreGet.parse({ namespace: "a.b", key: "k" })).toEqual({ namespace: ["a", "b"], key: "k" });
    expect(namespaceFault(["a", "b"])).toBeNull();
    expect(namespaceFault(["a", ""])).toContain("cannot be empty");
    expect(namespaceFault(["a.b"])).toContain("a.b");
  });
});
