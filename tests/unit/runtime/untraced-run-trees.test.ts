import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { CallbackManager } from "@langchain/core/callbacks/manager";
import { getContextVariable, setContextVariable } from "@langchain/core/context";
import { RunnableLambda } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton as contexts } from "@langchain/core/singletons";
import { FakeTracer } from "@langchain/core/utils/testing";
import { Annotation, getConfig, StateGraph } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { spareRunTrees } from "#runtime/untraced-run-trees.ts";

interface RunTree {
  id: string;
  tracingEnabled: boolean;
  child_runs: unknown[];
  createChild(config: { name: string }): RunTree;
}

const current = () => contexts.getInstance().getStore() as RunTree;

class Handler extends BaseCallbackHandler {
  readonly name = "handler";
  readonly heard: string[] = [];
  override handleChainStart(
    _chain: unknown,
    _inputs: unknown,
    _id: string,
    _parent?: string,
    _tags?: string[],
    _metadata?: object,
    _type?: string,
    name?: string,
  ): void {
    if (name !== undefined) this.heard.push(name);
  }
}

describe("what runs untraced", () => {
  spareRunTrees();
  const State = Annotation.Root({ said: Annotation<unknown> });
  const graphOf = (node: () => unknown) =>
    new StateGraph(State)
      .addNode("node", async () => ({ said: await node() }))
      .addEdge("__start__", "node")
      .compile();
  const run = async (node: () => unknown, handler: BaseCallbackHandler = new Handler()) =>
    (await graphOf(node).invoke({ said: null }, { callbacks: CallbackManager.fromHandlers({}).copy([handler]), configurable: { colour: "red" } })).said;

  it("finds its config, also inside of what it calls", async () => {
    const inner = RunnableLambda.from(() => [getConfig().configurable?.["colour"], getConfig().metadata?.["langgraph_node"]]);
    expect(await run(() => inner.invoke({}))).toEqual(["red", "node"]);
  });

  it("keeps what was set in its context, and gives it to nobody beside it", async () => {
    const inner = RunnableLambda.from(() => getContextVariable("colour") as unknown);
    const coloured = (colour: string) =>
      run(async () => {
        setContextVariable("colour", colour);
        await new Promise((done) => setImmediate(done));
        return inner.invoke({});
      });
    expect(await Promise.all([coloured("red"), coloured("blue")])).toEqual(["red", "blue"]);
  });

  it("stands under a run tree that traces nothing and gathers no children of others", async () => {
    const seen = (await run(() => {
      const tree = current();
      const child = tree.createChild({ name: "child" });
      return [tree.tracingEnabled, child.tracingEnabled, tree.child_runs.length];
    })) as unknown[];
    expect(seen).toEqual([false, false, 1]);
    expect(await run(() => current().child_runs.length)).toBe(0);
  });

  it("tells its handlers what is called", async () => {
    const handler = new Handler();
    await run(
      () =>
        RunnableLambda.from(() => 1)
          .withConfig({ runName: "inner" })
          .invoke({}),
      handler,
    );
    expect(handler.heard).toEqual(expect.arrayContaining(["node", "inner"]));
  });

  it("leaves what is traced to LangChain", async () => {
    const tracer = new (class extends FakeTracer {
      override name = "langchain_tracer";
      readonly asked: string[] = [];
      getRunTreeWithTracingConfig(id: string): undefined {
        this.asked.push(id);
      }
    })();
    await run(() => RunnableLambda.from(() => 1).invoke({}), tracer);
    expect(tracer.asked.length).toBeGreaterThan(0);
  });
});
