import type { StreamFrame } from "#protocol/wire.ts";
import { readFrameName } from "./event-frame.ts";

export interface AgentNode {
  namespace: string[];
  status: string;
  graph_name: string;
  children?: AgentNode[];
}

/** Who works below whom in a thread's newest run, from the events that are kept; null when none of them says. */
export async function agentTree(kept: AsyncIterable<StreamFrame>): Promise<AgentNode | null> {
  let nodes = new Map<string, AgentNode>();
  for await (const frame of kept) {
    const { channel, namespace } = readFrameName(frame.event);
    if (channel !== "lifecycle") continue;
    // written by `eventFrame` only
    const { params } = JSON.parse(frame.data) as { params: { data: { event: string; graph_name?: string } } };
    if (namespace.length === 0 && params.data.event === "running") nodes = new Map();
    const graphName = params.data.graph_name ?? namespace.at(-1)?.split(":", 1)[0] ?? "root";
    nodes.set(JSON.stringify(namespace), { namespace, status: params.data.event, graph_name: graphName });
  }
  const root = nodes.get("[]");
  return root === undefined ? null : withChildren(root, [...nodes.values()]);
}

function withChildren(node: AgentNode, all: readonly AgentNode[]): AgentNode {
  const depth = node.namespace.length;
  const children = all
    .filter((one) => one.namespace.length === depth + 1 && node.namespace.every((segment, index) => one.namespace[index] === segment))
    .toSorted((left, right) => JSON.stringify(left.namespace).localeCompare(JSON.stringify(right.namespace)))
    .map((child) => withChildren(child, all));
  return children.length > 0 ? { ...node, children } : node;
}
