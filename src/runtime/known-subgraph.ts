import { AppError } from "#errors";
import type { RunnableGraph } from "./graph-shape.ts";

/**
 * An update inside a graph needs the subgraph that it is for. Asked first, because LangGraph tells its absence as any other failure.
 *
 * @param namespace of a checkpoint: `node:task|inner:task`, with numbers between where a node was called several times
 * @throws AppError `not_found`
 */
export async function mustKnowSubgraph(graph: RunnableGraph, namespace: string): Promise<void> {
  const path = namespace
    .split("|")
    .filter((part) => !/^\d+$/.test(part))
    .map((part) => part.split(":")[0])
    .join("|");
  for await (const _ of graph.getSubgraphsAsync(path, true)) return;
  throw new AppError("not_found", `The graph has no subgraph at "${namespace.slice(0, 200)}".`);
}
