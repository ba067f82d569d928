import type { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { CallbackManager, CallbackManagerForChainRun } from "@langchain/core/callbacks/manager";
import { Pregel } from "@langchain/langgraph/pregel";
import type { RunnableGraph } from "./graph-shape.ts";

/**
 * Handlers of everything that a run of this graph calls, as a config takes them. A graph of another LangGraph than ours gets a list and makes
 * a manager of its own: it may need what ours has not, and some (0.3.12 to 1.2.9) take a manager for a handler.
 */
export function callbacksFor(graph: RunnableGraph, handlers: readonly BaseCallbackHandler[]): RunCallbacks | BaseCallbackHandler[] {
  return graph instanceof Pregel ? RunCallbacks.of(handlers) : [...handlers];
}

/**
 * The handlers of one attempt of a run, handed down to everything its graph calls. It does what LangChain's manager does: that one copies its
 * metadata once for each key of it, at every inner call of a graph, which was a quarter of the processor time of a short step.
 */
class RunCallbacks extends CallbackManager {
  static of(handlers: readonly BaseCallbackHandler[]): RunCallbacks {
    return new RunCallbacks(undefined, { handlers: [...handlers], inheritableHandlers: [...handlers] });
  }

  override copy(additional: BaseCallbackHandler[] = [], inherit = true): CallbackManager {
    const copy = new RunCallbacks(this.getParentRunId(), {
      handlers: [...this.handlers],
      inheritableHandlers: [...this.inheritableHandlers],
      tags: [...this.tags],
      inheritableTags: [...this.inheritableTags],
      metadata: { ...this.metadata },
      inheritableMetadata: { ...this.inheritableMetadata },
    });
    const logsToConsole = this.handlers.some(isConsole);
    for (const handler of additional) if (!(logsToConsole && isConsole(handler))) copy.addHandler(handler, inherit);
    return copy;
  }

  override async handleChainStart(...start: Parameters<CallbackManager["handleChainStart"]>): Promise<CallbackManagerForChainRun> {
    const { runId } = await super.handleChainStart(...start);
    return new ChainRun(
      runId,
      this.handlers,
      this.inheritableHandlers,
      this.tags,
      this.inheritableTags,
      this.metadata,
      this.inheritableMetadata,
      this.getParentRunId(),
    );
  }
}

class ChainRun extends CallbackManagerForChainRun {
  override getChild(tag?: string): CallbackManager {
    return new RunCallbacks(this.runId, {
      handlers: [...this.inheritableHandlers],
      inheritableHandlers: [...this.inheritableHandlers],
      tags: tag === undefined ? [...this.inheritableTags] : [...this.inheritableTags, tag],
      inheritableTags: [...this.inheritableTags],
      metadata: { ...this.inheritableMetadata },
      inheritableMetadata: { ...this.inheritableMetadata },
    });
  }
}

function isConsole(handler: BaseCallbackHandler): boolean {
  return handler.name === "console_callback_handler";
}
