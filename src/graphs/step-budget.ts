/** A graph builder, as far as this module is concerned. */
interface Builder {
  compile(...args: never[]): unknown;
}

/**
 * Lets every loader that compiles this builder (ours, LangGraph's own) get a graph with room for its loops: LangGraph's default of 25
 * steps is less than one round of a developer. A client that sends its own `recursion_limit` still wins. Loops are bounded in state;
 * this is only the last guard. As a subgraph, the parent's limit holds instead.
 */
export function withStepBudget<Graph extends Builder>(builder: Graph, steps: number): Graph {
  const compile = builder.compile.bind(builder);
  // the same function with the same types; only the compiled graph's own config is extended
  builder.compile = ((...args: never[]) => {
    const compiled = compile(...args) as { config?: Record<string, unknown> };
    compiled.config = { ...compiled.config, recursionLimit: steps };
    return compiled;
  }) as Graph["compile"];
  return builder;
}
