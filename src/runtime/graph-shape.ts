import type { StateSnapshot } from "@langchain/langgraph";

export type GraphConfig = Record<string, unknown> & { configurable?: Record<string, unknown> };

export interface GraphEvent {
  event: string;
  name: string;
  run_id: string;
  tags?: string[];
  metadata: Record<string, unknown>;
  data: { chunk?: unknown; input?: unknown; output?: unknown };
}

/**
 * What the runtime needs of a compiled graph. LangGraph's own generic types cannot name "any graph" without `any`;
 * `load-graphs.ts` checks the shape once and casts.
 */
export interface RunnableGraph {
  readonly lg_is_pregel: boolean;
  readonly nodes: Record<string, unknown>;
  readonly channels: Record<string, unknown>;
  readonly builder?: unknown;
  checkpointer?: unknown;
  store?: unknown;
  /** Factories of stream transformers, from `.compile({ transformers })`. */
  streamTransformers?: unknown;
  getName(): string;
  stream(input: unknown, options: GraphConfig): Promise<AsyncIterable<unknown>>;
  streamEvents(input: unknown, options: GraphConfig): AsyncIterable<GraphEvent>;
  getState(config: GraphConfig, options?: { subgraphs?: boolean }): Promise<StateSnapshot>;
  getStateHistory(config: GraphConfig, options?: Record<string, unknown>): AsyncIterable<StateSnapshot>;
  updateState(config: GraphConfig, values: unknown, asNode?: string): Promise<GraphConfig>;
  bulkUpdateState(config: GraphConfig, supersteps: { updates: { values: unknown; asNode?: string }[] }[]): Promise<GraphConfig>;
  getGraphAsync(config: GraphConfig & { xray?: boolean | number }): Promise<{ toJSON(): Record<string, unknown> }>;
  getSubgraphsAsync(namespace?: string, recurse?: boolean): AsyncIterable<[string, RunnableGraph]>;
}

export function isRunnableGraph(value: unknown): value is RunnableGraph {
  return typeof value === "object" && value !== null && "lg_is_pregel" in value && value.lg_is_pregel === true;
}
