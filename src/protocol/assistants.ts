import { z } from "zod";
import { Flag, Id, JsonRecord, maybe, PageFields, present, Select } from "./fields.ts";
import { withoutReservedConfig, withoutReservedKeys } from "./reserved-keys.ts";

/** An assistant's uuid or a graph's id, so any text. */
export const AssistantPath = z.object({ assistant_id: z.string().min(1).max(512) });

const Settings = {
  config: maybe(JsonRecord.transform(withoutReservedConfig)),
  context: maybe(JsonRecord.transform(withoutReservedKeys)),
  metadata: maybe(JsonRecord),
};

export const AssistantCreate = z
  .object({
    graph_id: z.string().min(1),
    assistant_id: maybe(Id),
    name: maybe(z.string()),
    description: z.string().nullable().optional(),
    if_exists: maybe(z.enum(["raise", "do_nothing"])),
    ...Settings,
  })
  .transform(present);

export const AssistantUpdate = z
  .object({ graph_id: maybe(z.string().min(1)), name: maybe(z.string()), description: z.string().nullable().optional(), ...Settings })
  .transform(present);

const AssistantFilter = { graph_id: maybe(z.string()), name: maybe(z.string()), metadata: maybe(JsonRecord) };

export const AssistantSearch = z
  .object({
    ...PageFields,
    ...AssistantFilter,
    sort_by: maybe(z.enum(["assistant_id", "graph_id", "created_at", "updated_at", "name"])),
    sort_order: maybe(z.enum(["asc", "desc"])),
    select: Select,
  })
  .transform(present);

export const AssistantCount = z.object(AssistantFilter).transform(present);

export const AssistantVersions = z.object({ ...PageFields, metadata: maybe(JsonRecord) }).transform(present);

export const AssistantLatest = z.object({ version: z.number().int().min(1).max(2_147_483_647) });

export const AssistantDelete = z.object({ delete_threads: Flag.nullish().transform((flag) => flag ?? false) });

/** `xray`: true, false, or how many levels of subgraphs to draw. */
export const GraphQuery = z.object({
  xray: z
    .union([z.coerce.number().int().min(0).max(32), Flag])
    .nullish()
    .transform((xray) => xray ?? false),
});

export const SubgraphsPath = AssistantPath.extend({ namespace: maybe(z.string()) }).transform(present);

export const SubgraphsQuery = z.object({ recurse: Flag.nullish().transform((flag) => flag ?? false) });

/** What LangGraph draws; see `graph.ts` of the runtime. */
export const DrawnGraph = z
  .object({
    nodes: z.array(z.object({ id: z.union([z.string(), z.number()]) }).loose()),
    edges: z.array(z.object({ source: z.string(), target: z.string() }).loose()),
  })
  .loose()
  .meta({ id: "Graph", description: "Nodes and edges." });

const JsonSchema = JsonRecord.nullable();

export const GraphSchemas = z
  .object({
    graph_id: z.string(),
    input_schema: JsonSchema,
    output_schema: JsonSchema,
    state_schema: JsonSchema,
    config_schema: JsonSchema,
    context_schema: JsonSchema,
  })
  .meta({ id: "GraphSchemas", description: "JSON Schemas of what a graph takes, holds and gives; null where it does not say." });

export const SubgraphSchemas = z
  .object({ state: JsonSchema, input: JsonSchema, output: JsonSchema, config: JsonSchema, context: JsonSchema })
  .meta({ id: "SubgraphSchemas", description: "The same of a subgraph." });
