import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ events: Annotation({ reducer: (_old, next) => next, default: () => 0 }) });

/** Writes as many custom events as its input says, as fast as the stream takes them. */
export const customEvents = new StateGraph(State)
  .addNode("emit", async (state, config) => {
    for (let at = 0; at < state.events; at += 1) {
      config.writer?.({ at });
      // a model's tokens arrive over many turns of the event loop too
      if (at % 50 === 49) await new Promise((done) => setImmediate(done));
    }
    return {};
  })
  .addEdge(START, "emit")
  .addEdge("emit", END);
