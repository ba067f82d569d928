import { Annotation, END, interrupt, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ answer: Annotation({ reducer: (_old, next) => next, default: () => null }) });

/** Asks once and keeps the answer. */
export const ask = new StateGraph(State)
  .addNode("ask", () => ({ answer: interrupt({ question: "Go on?" }) }))
  .addEdge(START, "ask")
  .addEdge("ask", END);
