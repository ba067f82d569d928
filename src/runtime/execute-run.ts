import type { RunControl } from "@langchain/langgraph";
import { headCheckpoint } from "#db/queries/head-checkpoint.ts";
import type { RunPorts } from "#ports/run.ts";
import type { ClaimedRun } from "./claimed-run.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { GraphConfig, RunnableGraph } from "./graph-shape.ts";
import { storeOf } from "./owned-store.ts";
import { unconsumedAnswers } from "./asking.ts";
import { callbacksFor } from "./run-callbacks.ts";
import { runConfig, toCommand } from "./run-config.ts";
import { RunKwargs } from "./run-kwargs.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { toJson } from "./serialise.ts";
import { type NodeActivity, withActivity } from "./settle.ts";
import { type GraphChunk, graphModes, readChunk, WireEvents } from "./stream-events.ts";
import { EVENT_MODES, type RunEvents } from "./thread-events/run-events.ts";
import type { WorkLog } from "./work-log.ts";

export interface Execution {
  run: ClaimedRun;
  frames: FrameWriter;
  /** Null for a run that nobody follows over protocol v2. */
  events: RunEvents | null;
  work: WorkLog;
  signal: AbortSignal;
  control: RunControl;
  activity: NodeActivity;
  /** Null for a graph that is not ours in a runtime without ports. */
  ports: RunPorts | null;
}

export interface Executed {
  /** The graph stopped at a question or a breakpoint. */
  paused: boolean;
  /** JSON of the root state as the stream had it last; null when it said nothing. */
  valuesJson: string | null;
  /**
   * What says that the run pauses. Sent once the thread says so too: a client that answers a question the moment it sees it must find it there.
   */
  pause: { event: string; json: string }[];
}

/**
 * Runs a graph once and publishes what it streams. A retry goes on from the thread's newest checkpoint when an earlier attempt wrote one: the
 * input is applied once, and an answer is given until a checkpoint holds its effect.
 *
 * @throws whatever the graph throws; `GraphDrained` after a requested drain; AppError `lease_lost` when the run was taken over.
 */
export async function executeRun(context: RuntimeContext, execution: Execution): Promise<Executed> {
  const { run, frames } = execution;
  const kwargs = RunKwargs.parse(run.kwargs);
  const loaded = context.graphs.find(run.graph_id);
  // the first attempt has nothing to look for
  const consumed = run.attempt > 1 && (await headCheckpoint(context.database.sql, run.thread_id)) !== run.base_checkpoint;
  const config = runConfig({ run, kwargs, ports: execution.ports, atHead: consumed, ours: loaded?.ours ?? false });
  const graph = await context.graphs.compiled(run.graph_id, config);
  const store = storeOf(context, run.owner);
  const input = consumed ? null : await inputOf(context, run, kwargs);
  execution.work.begin(kwargs);
  frames.write("metadata", { run_id: run.run_id, attempt: run.attempt });
  return withActivity(execution.activity, () =>
    stream(graph, input, { ...config, store, control: execution.control, signal: execution.signal }, kwargs, execution),
  );
}

async function inputOf(context: RuntimeContext, run: ClaimedRun, kwargs: RunKwargs): Promise<unknown> {
  const { command } = kwargs;
  if (command === null || command === undefined) return kwargs.input ?? null;
  if (run.attempt === 1 || command.resume === undefined) return isEmpty(command) ? null : toCommand(command);
  const left = { ...command, resume: await unconsumedAnswers(context, run, kwargs) };
  return isEmpty(left) ? null : toCommand(left);
}

/** LangGraph refuses a Command that says nothing; going on without input is what remains of it. */
function isEmpty(command: NonNullable<RunKwargs["command"]>): boolean {
  const silent = (value: unknown) => value === undefined || value === null || (Array.isArray(value) && value.length === 0);
  return silent(command.resume) && silent(command.goto) && silent(command.update);
}

/** Characters of the state that a run which was waited for leaves on its stream. */
const MOST_SHOWN_AT_END = 64 * 1_024;

async function stream(graph: RunnableGraph, input: unknown, config: GraphConfig, kwargs: RunKwargs, execution: Execution): Promise<Executed> {
  const { run, frames, events } = execution;
  const wire = new WireEvents(kwargs.stream_mode);
  const wantsValues = kwargs.stream_mode.includes("values");
  const end: { paused: boolean; values: unknown; json: string | null } = { paused: false, values: undefined, json: null };
  const pause: Executed["pause"] = [];
  events?.start(graph);
  const take = (chunk: GraphChunk) => {
    events?.take(chunk);
    // what was asked for on behalf of protocol v2 only
    if (events !== null && chunk.namespace.length > 0 && !kwargs.stream_subgraphs) return;
    const isRootValues = chunk.mode === "values" && chunk.namespace.length === 0;
    const pauses = isRootValues && isPause(chunk.payload);
    if (pauses) end.paused = true;
    else if (isRootValues) Object.assign(end, { values: chunk.payload, json: null });
    for (const { event, data } of wire.fromChunk(chunk)) {
      // nobody watches how a long conversation grows while its end is waited for
      if (kwargs.awaited && !pauses && data === chunk.payload && chunk.mode === "values") continue;
      if ((chunk.mode === "values" || chunk.mode === "updates") && isPause(data)) {
        pause.push({ event, json: toJson(data) });
        continue;
      }
      const json = frames.write(event, data);
      if (isRootValues && wantsValues && !pauses && event === "values") end.json = json;
    }
  };
  const options = { ...config, ...streamOptions(graph, kwargs, events, execution.work) };
  if (kwargs.stream_mode.includes("events")) {
    for await (const event of graph.streamEvents(input, { ...options, version: "v2" })) {
      if (event.event === "on_chain_stream" && event.run_id === run.run_id) {
        const chunk = readChunk(event.data.chunk);
        if (chunk !== null) take(chunk);
      }
      for (const wired of wire.fromGraphEvent(event, run.run_id)) frames.write(wired.event, wired.data);
    }
  } else {
    for await (const raw of await graph.stream(input, options)) {
      const chunk = readChunk(raw);
      if (chunk !== null) take(chunk);
    }
  }
  await events?.finish(end.paused);
  const valuesJson = end.json ?? (end.values === undefined ? null : toJson(end.values));
  if (kwargs.awaited && wantsValues && valuesJson !== null && valuesJson.length <= MOST_SHOWN_AT_END) frames.writeJson("values", valuesJson);
  return { paused: end.paused, valuesJson, pause };
}

function streamOptions(graph: RunnableGraph, kwargs: RunKwargs, events: RunEvents | null, work: WorkLog): GraphConfig {
  const modes = graphModes(kwargs.stream_mode);
  if (events === null) return { streamMode: modes, subgraphs: kwargs.stream_subgraphs, callbacks: callbacksFor(graph, [work]) };
  // a version that is not v3 makes LangGraph announce checkpoints beside values, and changes nothing else
  return {
    streamMode: [...new Set([...modes, ...EVENT_MODES])],
    subgraphs: true,
    version: "v2",
    callbacks: callbacksFor(graph, [events.messages.calls, work]),
  };
}

/** LangGraph says that it pauses with a `values` chunk that holds nothing but the interrupts (none for a breakpoint). */
function isPause(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && "__interrupt__" in payload;
}
