import { z } from "zod";
import { AppError } from "#errors";
import type { GraphDefaults } from "#runtime/assistants.ts";

const Objects = z.record(z.string(), z.unknown());
const Defaults = z.record(z.string(), z.object({ config: Objects.default({}), context: Objects.default({}) }));

/** `LANGGRAPH_CONFIG`: JSON, `{"<graph id>": {"config": {…}, "context": {…}}}`. Throws `invalid_config` for anything else. */
export function readGraphDefaults(text: string | undefined): GraphDefaults {
  if (text === undefined) return {};
  try {
    return Defaults.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError("invalid_config", 'LANGGRAPH_CONFIG must be JSON like {"my_graph": {"config": {"configurable": {}}, "context": {}}}.', { cause });
  }
}
