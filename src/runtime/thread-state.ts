import type { StateSnapshot } from "@langchain/langgraph";
import type { Checkpoint, ThreadState, ThreadTask } from "#protocol/wire.ts";
import { interruptId } from "./interrupt-id.ts";
import { toPlain } from "./serialise.ts";

type Dictionary = Record<string, unknown>;

function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The wire's checkpoint of a LangGraph config; null when it names no thread. */
export function checkpointOf(config: unknown): Checkpoint | null {
  const configurable = isDictionary(config) ? config["configurable"] : undefined;
  if (!isDictionary(configurable) || typeof configurable["thread_id"] !== "string") return null;
  const { thread_id, checkpoint_ns, checkpoint_id, checkpoint_map } = configurable;
  return {
    thread_id,
    checkpoint_ns: typeof checkpoint_ns === "string" ? checkpoint_ns : "",
    checkpoint_id: typeof checkpoint_id === "string" ? checkpoint_id : null,
    checkpoint_map: isDictionary(checkpoint_map) ? checkpoint_map : null,
  };
}

export const EMPTY_STATE: ThreadState = Object.freeze({
  values: {},
  next: [],
  tasks: [],
  metadata: {},
  created_at: null,
  checkpoint: null,
  parent_checkpoint: null,
});

/**
 * A snapshot as the wire has it, as plain data. `answered`: tasks whose question LangGraph still lists although they went on.
 */
export function threadState(snapshot: StateSnapshot, answered: ReadonlySet<string> = new Set()): ThreadState {
  const checkpoint = checkpointOf(snapshot.config);
  if (checkpoint?.checkpoint_id === null || checkpoint === null) return { ...EMPTY_STATE };
  return {
    values: toPlain(snapshot.values) ?? {},
    next: [...snapshot.next],
    tasks: snapshot.tasks.map((task) => (answered.has(task.id) ? { ...threadTask(task), interrupts: [] } : threadTask(task))),
    metadata: metadataOf(snapshot.metadata),
    created_at: snapshot.createdAt ?? null,
    checkpoint,
    parent_checkpoint: checkpointOf(snapshot.parentConfig),
  };
}

function threadTask(task: StateSnapshot["tasks"][number]): ThreadTask {
  const nested = task.state;
  const isSnapshot = nested !== undefined && "values" in nested;
  return {
    id: task.id,
    name: task.name,
    path: toPlain(task.path ?? []) as unknown[],
    error: task.error === undefined || task.error === null ? null : errorText(task.error),
    interrupts: interruptsOf(task),
    // where the subgraph's state is to be asked for; once it is there it names its checkpoint itself
    checkpoint: nested === undefined || isSnapshot ? null : named(checkpointOf(nested)),
    state: isSnapshot ? threadState(nested as StateSnapshot) : null,
    result: task.result === undefined ? null : toPlain(task.result),
  };
}

/** Without what it does not name. */
function named(checkpoint: Checkpoint | null): ThreadTask["checkpoint"] {
  if (checkpoint === null) return null;
  const { checkpoint_id, checkpoint_map, ...address } = checkpoint;
  return { ...address, ...(checkpoint_id === null ? {} : { checkpoint_id }), ...(checkpoint_map === null ? {} : { checkpoint_map }) };
}

/** Pending interrupts of a task as plain data. */
function interruptsOf(task: StateSnapshot["tasks"][number]): { id: string; value: unknown }[] {
  return task.interrupts.map((interrupt) => {
    const { id: _id, interrupt_id: _older, ...rest } = interrupt as { id?: string; interrupt_id?: string; value?: unknown };
    return { id: interruptId(interrupt) ?? "", ...(toPlain({ value: null, ...rest }) as { value: unknown }) };
  });
}

/** Interrupts of a state by task id, as a thread carries them; tasks without any are left out. */
export function interruptsByTask(snapshot: Pick<StateSnapshot, "tasks">): Record<string, { id: string; value: unknown }[]> {
  return Object.fromEntries(snapshot.tasks.map((task) => [task.id, interruptsOf(task)] as const).filter(([, interrupts]) => interrupts.length > 0));
}

function metadataOf(metadata: unknown): Dictionary {
  const plain = toPlain(metadata);
  return isDictionary(plain) ? Object.fromEntries(Object.entries(plain).filter(([key]) => !key.startsWith("__"))) : {};
}

/** As JSON, which is where `useStream` looks for the message of a run that failed before the page was loaded. */
function errorText(error: unknown): unknown {
  if (error instanceof Error) return JSON.stringify({ message: error.message, name: error.name });
  if (isDictionary(error) && typeof error["message"] === "string") return JSON.stringify({ message: error["message"], name: error["name"] ?? "Error" });
  return toPlain(error);
}
