import { type AssistantRow } from "#db/queries/assistant-row.ts";
import { assistantVersions } from "#db/queries/assistant-versions.ts";
import { deleteAssistant } from "#db/queries/delete-assistant.ts";
import { findAssistant } from "#db/queries/find-assistant.ts";
import { insertAssistant } from "#db/queries/insert-assistant.ts";
import { searchAssistants } from "#db/queries/search-assistants.ts";
import { setAssistantVersion } from "#db/queries/set-assistant-version.ts";
import { updateAssistant } from "#db/queries/update-assistant.ts";
import { upsertSystemAssistant } from "#db/queries/upsert-system-assistant.ts";
import { AppError } from "#errors";
import { metadataOf, permit } from "#governance/permit.ts";
import type { Reach } from "#ports/access.ts";
import type { Caller } from "#ports/caller.ts";
import type { AssistantsService } from "#ports/services/assistants.ts";
import type { Assistant, JsonObject } from "#protocol/wire.ts";
import { typeScriptSchemas } from "./typescript-schemas/read.ts";
import { graphSchemas } from "./graph-schemas.ts";
import type { RunnableGraph } from "./graph-shape.ts";
import { isUuid, newId, systemAssistantId } from "./ids.ts";
import type { RuntimeContext } from "./runtime-context.ts";

/** Config and context of a graph's system assistant, from `LANGGRAPH_CONFIG`. */
export type GraphDefaults = Record<string, { config?: Record<string, unknown>; context?: Record<string, unknown> }>;

/** Gives every graph its system assistant, under the id that clients compute. */
export async function ensureSystemAssistants(context: RuntimeContext, defaults: GraphDefaults): Promise<void> {
  for (const graph of context.graphs.all) {
    await upsertSystemAssistant(context.database.sql, {
      assistantId: systemAssistantId(graph.id),
      graphId: graph.id,
      description: graph.description,
      config: defaults[graph.id]?.config ?? {},
      context: defaults[graph.id]?.context ?? {},
    });
  }
}

/**
 * An assistant by uuid or graph id, whose graph can run. What a graph has by itself may be run by whoever may run anything; one that
 * somebody made may be run by those who may read it.
 * @throws AppError `not_found`, `graph_load_failed`
 */
export async function findUsableAssistant(context: RuntimeContext, caller: Caller, assistantId: string): Promise<AssistantRow> {
  const system = await byIdOrGraph(context, SYSTEM_ONLY, assistantId);
  const row = system ?? (await byIdOrGraph(context, await mayRead(caller, assistantId), assistantId));
  const graph = row === null ? null : context.graphs.find(row.graph_id);
  if (row === null || graph === null) {
    const graphs = context.graphs.all.map((one) => one.id).join(", ");
    throw new AppError(
      "not_found",
      `No assistant found for "${assistantId.slice(0, 200)}". Make sure the assistant ID is for a valid assistant or a valid graph ID: ${graphs}.`,
    );
  }
  if (graph.error !== null) throw new AppError("graph_load_failed", `Graph "${graph.id}" did not load: ${graph.error}`);
  return row;
}

/** No owner's: a name that nobody can have. */
const SYSTEM_ONLY = "";

async function mayRead(caller: Caller, assistantId: string): Promise<Reach> {
  return (await permit(caller, "assistants:read", { assistant_id: assistantId })).access;
}

async function byIdOrGraph(context: RuntimeContext, reach: Reach, assistantId: string): Promise<AssistantRow | null> {
  const id = context.graphs.find(assistantId) !== null ? systemAssistantId(assistantId) : assistantId;
  return isUuid(id) ? findAssistant(context.database.sql, id, reach) : null;
}

/** The assistants of the HTTP API. */
export function makeAssistantsService(context: RuntimeContext): AssistantsService {
  const readTypes = typeScriptSchemas(context.log);
  const { sql } = context.database;
  const missing = () => new AppError("not_found", "Assistant not found");

  /** The id of the row, as rules know it, whatever name the client used. */
  const idOf = (assistantId: string) => (context.graphs.find(assistantId) !== null ? systemAssistantId(assistantId) : assistantId);

  async function mustFind(reach: Reach, assistantId: string): Promise<AssistantRow> {
    const row = await byIdOrGraph(context, reach, assistantId);
    if (row === null) throw missing();
    return row;
  }

  async function graphOf(caller: Caller, assistantId: string): Promise<{ graphId: string; graph: RunnableGraph }> {
    const row = await mustFind(await mayRead(caller, idOf(assistantId)), assistantId);
    return { graphId: row.graph_id, graph: await context.graphs.compiled(row.graph_id, { ...row.config, configurable: configurableOf(row) }) };
  }

  return {
    async create(caller, input) {
      if (context.graphs.find(input.graph_id) === null) throw new AppError("not_found", `No graph "${input.graph_id}" is served here.`);
      const assistantId = input.assistant_id ?? newId();
      if (!isUuid(assistantId)) throw new AppError("invalid_request", `"${assistantId}" is not an assistant id (a UUID).`);
      const { access, value } = await permit(caller, "assistants:create", { ...input, assistant_id: assistantId });
      const row = await insertAssistant(sql, {
        assistant_id: assistantId,
        graph_id: input.graph_id,
        owner: caller.owner,
        name: input.name ?? "Untitled",
        description: input.description ?? null,
        config: input.config ?? {},
        context: input.context ?? {},
        metadata: metadataOf(value),
      });
      if (row !== null) return wireAssistant(row);
      const existing = input.if_exists === "do_nothing" ? await findAssistant(sql, assistantId, access) : null;
      if (existing === null) throw new AppError("conflict", "Assistant already exists");
      return wireAssistant(existing);
    },

    async get(caller, assistantId) {
      return wireAssistant(await mustFind(await mayRead(caller, idOf(assistantId)), assistantId));
    },

    async search(caller, input) {
      const { access, value } = await permit(caller, "assistants:search", { ...input });
      const { rows, total } = await searchAssistants(sql, { ...input, metadata: metadataOf(value), owner: access });
      return { items: rows.map(wireAssistant), total };
    },

    async update(caller, assistantId, input) {
      const { access, value } = await permit(caller, "assistants:update", { ...input, assistant_id: idOf(assistantId) });
      const row = await mustFind(access, assistantId);
      if (input.graph_id !== undefined && context.graphs.find(input.graph_id) === null)
        throw new AppError("not_found", `No graph "${input.graph_id}" is served here.`);
      if (row.owner === null)
        throw new AppError("forbidden", "This is the assistant that every graph has by itself; make one of your own to change its settings.");
      const changed = await updateAssistant(sql, row.assistant_id, access, { ...input, metadata: metadataOf(value) });
      if (changed === null) throw missing();
      return wireAssistant(changed);
    },

    async delete(caller, assistantId) {
      const { access } = await permit(caller, "assistants:delete", { assistant_id: idOf(assistantId) });
      const row = await mustFind(access, assistantId);
      if (!(await deleteAssistant(sql, row.assistant_id, access)))
        throw new AppError("forbidden", "This is the assistant that every graph has by itself; it stays.");
      return row.assistant_id;
    },

    async versions(caller, assistantId, input) {
      const access = await mayRead(caller, idOf(assistantId));
      const row = await mustFind(access, assistantId);
      const versions = await assistantVersions(sql, { ...input, assistantId: row.assistant_id, owner: access });
      if (versions.length === 0) throw missing();
      return versions.map((version) => ({ ...version, created_at: version.created_at.toISOString() }));
    },

    async setLatest(caller, assistantId, version) {
      const { access } = await permit(caller, "assistants:update", { assistant_id: idOf(assistantId), version });
      const row = await setAssistantVersion(sql, (await mustFind(access, assistantId)).assistant_id, access, version);
      if (row === null) throw new AppError("not_found", `There is no version ${version} of this assistant.`);
      return wireAssistant(row);
    },

    async graph(caller, assistantId, xray) {
      const { graph } = await graphOf(caller, assistantId);
      return (await graph.getGraphAsync({ xray })).toJSON();
    },

    async schemas(caller, assistantId) {
      const { graphId, graph } = await graphOf(caller, assistantId);
      const source = context.graphs.find(graphId)?.source ?? null;
      const schemas = await graphSchemas(graph, async () => (source === null ? null : readTypes(source)));
      return {
        graph_id: graphId,
        input_schema: schemas.input,
        output_schema: schemas.output,
        state_schema: schemas.state,
        config_schema: schemas.context,
        context_schema: schemas.context,
      };
    },

    async subgraphs(caller, assistantId, input) {
      const { graph } = await graphOf(caller, assistantId);
      const found: JsonObject = {};
      for await (const [namespace, subgraph] of graph.getSubgraphsAsync(input.namespace, input.recurse)) {
        const { state, input: asked, output, context: config } = await graphSchemas(subgraph);
        found[namespace] = { state, input: asked, output, config, context: config };
      }
      return found;
    },
  };
}

function configurableOf(row: AssistantRow): Record<string, unknown> {
  const { configurable } = row.config;
  return typeof configurable === "object" && configurable !== null ? { ...configurable } : {};
}

/** Each field by name: a row of a search has more than a client is to see. */
function wireAssistant(row: AssistantRow): Assistant {
  const { assistant_id, graph_id, name, description, version, config, context, metadata } = row;
  const times = { created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() };
  return { assistant_id, graph_id, name, description, version, config, context, metadata, ...times };
}
