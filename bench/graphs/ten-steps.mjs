import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ count: Annotation({ reducer: (_old, next) => next, default: () => 0 }) });

/** Ten supersteps, each a durable checkpoint. */
export const tenSteps = new StateGraph(State)
  .addNode("add", (state) => ({ count: state.count + 1 }))
  .addEdge(START, "add")
  .addConditionalEdges("add", (state) => (state.count % 10 === 0 ? END : "add"), ["add", END]);
