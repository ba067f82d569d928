import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ seconds: Annotation({ reducer: (_old, next) => next, default: () => 0 }) });

/** Does nothing for as long as its input says, unless it is cancelled. */
export const wait = new StateGraph(State)
  .addNode("wait", (state, config) => {
    return new Promise((done) => {
      const timer = setTimeout(() => done({}), state.seconds * 1_000);
      config.signal?.addEventListener("abort", () => (clearTimeout(timer), done({})), { once: true });
    });
  })
  .addEdge(START, "wait")
  .addEdge("wait", END);
