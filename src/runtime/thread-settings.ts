import { isDeepStrictEqual } from "node:util";
import { findAssistant } from "#db/queries/find-assistant.ts";
import { findThread } from "#db/queries/find-thread.ts";
import type { ThreadRow } from "#db/queries/thread-row.ts";
import { JUDGED } from "#governance/permit.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import { clientConfigurable } from "./run-config.ts";
import type { RunKwargs } from "./run-kwargs.ts";
import type { RuntimeContext } from "./runtime-context.ts";

type Dictionary = Record<string, unknown>;

/*
 * A thread remembers in `config` what its runs were given, so that a run which says nothing (an answer from an inbox, the wake-up of a parent)
 * goes on as the one before. What an assistant brings is not remembered: it may change, and another one may run next. The order is
 *
 *   headers of the request < assistant < what earlier runs on the thread were given < what this one is given
 */

/** What a run was given by its request, and by the rule that had its say in it. */
export function givenConfig(request: RunCreate["config"], before: RunKwargs, after: RunKwargs): Dictionary {
  const { configurable: asked, metadata: _, ...rest } = request ?? {};
  const named = clientConfigurable(asked);
  const configurable = Object.fromEntries(
    Object.entries(after.config.configurable).filter(([key, value]) => Object.hasOwn(named, key) || !isDeepStrictEqual(value, before.config.configurable[key])),
  );
  return { ...rest, configurable };
}

/** The kwargs of a run on this thread, with what it inherits. */
export function inheriting(kwargs: RunKwargs, thread: Pick<ThreadRow, "config">, given: Dictionary): RunKwargs {
  const remembered = configurableOf(thread.config);
  if (Object.keys(remembered).length === 0) return kwargs;
  const { config } = kwargs;
  return { ...kwargs, config: { ...config, configurable: { ...config.configurable, ...remembered, ...configurableOf(given) } } };
}

/** What the thread remembers after such a run. */
export function remembering(thread: Pick<ThreadRow, "config">, given: Dictionary): Dictionary {
  return { ...thread.config, ...given, configurable: { ...configurableOf(thread.config), ...configurableOf(given) } };
}

/** What a factory of graphs is to be called with to get the graph that ran on this thread; nothing for other graphs, which are what they are. */
export async function settingsOfThread(context: RuntimeContext, graphId: string, threadId: string): Promise<Dictionary> {
  if (context.graphs.find(graphId)?.factory !== true) return {};
  const { sql } = context.database;
  const thread = await findThread(sql, threadId, JUDGED);
  const assistant = thread?.assistant_id ? await findAssistant(sql, thread.assistant_id, JUDGED) : null;
  return { ...configurableOf(assistant?.config), ...configurableOf(thread?.config) };
}

function configurableOf(config: Dictionary | undefined): Dictionary {
  const configurable = config?.["configurable"];
  // only objects have keys that count, and only those that a client may set
  return typeof configurable === "object" && configurable !== null ? clientConfigurable({ ...configurable }) : {};
}
