import type { AssistantRow } from "#db/queries/assistant-row.ts";
import { AppError } from "#errors";
import type { ResumePlan } from "#governance/approvals.ts";
import type { RunCreate } from "#protocol/run-create.ts";
import { clientConfigurable } from "./run-config.ts";
import { RunKwargs } from "./run-kwargs.ts";

type Dictionary = Record<string, unknown>;

function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A request that says nothing of its own: for runs that the runtime starts. */
export const BARE_REQUEST = { assistant_id: "", stream_resumable: true } as const;

/**
 * What a request asks to execute, with the assistant's settings under the request's. Settings are copied: an assistant that changes later
 * does not change a run that waits.
 */
export function kwargsOf(input: RunCreate, assistant: Pick<AssistantRow, "config" | "context">, headers: Record<string, string>, streamed: boolean): RunKwargs {
  const { configurable, ...config } = input.config ?? {};
  const { configurable: assistantConfigurable, ...assistantConfig } = assistant.config;
  const { metadata: _, ...runConfig } = config;
  const mode = input.stream_mode ?? ["values"];
  const command = input.command ?? null;
  return {
    ...(input.input === undefined ? {} : { input: input.input }),
    ...(command === null ? {} : { command }),
    config: {
      ...assistantConfig,
      ...runConfig,
      configurable: {
        // which of the request's headers these are is settled where the request came in
        ...clientConfigurable(headers),
        ...clientConfigurable(isDictionary(assistantConfigurable) ? assistantConfigurable : {}),
        ...clientConfigurable(configurable),
      },
    },
    context: { ...assistant.context, ...input.context },
    checkpoint: checkpointOfRequest(input),
    stream_mode: Array.isArray(mode) ? mode : [mode],
    stream_subgraphs: input.stream_subgraphs ?? false,
    resumable: input.stream_resumable ?? false,
    streamed,
    awaited: false,
    thread_events: false,
    interrupt_before: input.interrupt_before ?? null,
    interrupt_after: input.interrupt_after ?? null,
    durability: input.durability ?? (typeof input.checkpoint_during === "boolean" ? (input.checkpoint_during ? "async" : "exit") : null),
    webhook: input.webhook ?? null,
  };
}

/** The same as a run that carries answers: the graph is resumed with what the plan read them into. */
export function withPlan(kwargs: RunKwargs, plan: ResumePlan): RunKwargs {
  const { resume: _, ...command } = kwargs.command ?? {};
  return { ...kwargs, command: plan.resume === null ? command : { ...command, resume: plan.resume }, resume_positions: plan.positions };
}

/** What a rule made of a run's kwargs; the names that only the server sets stay the server's. */
export function changedKwargs(kwargs: RunKwargs, changed: unknown): RunKwargs {
  if (changed === kwargs) return kwargs;
  const parsed = RunKwargs.safeParse(changed);
  if (!parsed.success) throw new AppError("internal", "A rule of the project's auth made the kwargs of a run unreadable.", { cause: parsed.error });
  const { config } = parsed.data;
  return { ...parsed.data, config: { ...config, configurable: clientConfigurable(config.configurable) } };
}

/** A checkpoint may come as an object, as a bare id, or inside `config.configurable`; null when none is named. */
function checkpointOfRequest(input: RunCreate): NonNullable<RunKwargs["checkpoint"]> | null {
  const { checkpoint } = input;
  const configured: unknown = input.config?.configurable?.["checkpoint_id"];
  const id = checkpoint?.checkpoint_id || input.checkpoint_id || configured;
  if (typeof id !== "string" || id === "") return null;
  return { checkpoint_id: id, checkpoint_ns: checkpoint?.checkpoint_ns ?? "", checkpoint_map: checkpoint?.checkpoint_map ?? null };
}
