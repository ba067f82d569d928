import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ count: Annotation({ reducer: (_old, next) => next, default: () => 0 }) });

/** One node that adds one: what is measured is everything around it. */
export const trivial = new StateGraph(State)
  .addNode("add", (state) => ({ count: state.count + 1 }))
  .addEdge(START, "add")
  .addEdge("add", END);
