import { AIMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";

/** Answers a message with one of about the same length. */
export const talk = new StateGraph(MessagesAnnotation)
  .addNode("answer", (state) => {
    const said = String(state.messages.at(-1)?.content ?? "");
    return { messages: [new AIMessage([...said].reverse().join(""))] };
  })
  .addEdge(START, "answer")
  .addEdge("answer", END);
