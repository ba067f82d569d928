import { z } from "zod";
import { WebhookUrl } from "./webhook-url.ts";

export const StreamMode = z.enum(["values", "messages", "messages-tuple", "updates", "events", "tasks", "checkpoints", "debug", "custom", "tools"]);
export type StreamMode = z.infer<typeof StreamMode>;

/** A node, or a node with what it is sent: `input` on the wire, `args` where a client wrote LangGraph's own Send as JSON (RemoteGraph does). */
const Goto = z.union([
  z.string(),
  z
    .object({ node: z.string(), input: z.unknown().optional(), args: z.unknown().optional() })
    .transform(({ node, input, args }) => ({ node, input: input === undefined ? args : input })),
]);

export const RunCommand = z
  .object({
    resume: z.unknown().optional(),
    update: z.union([z.record(z.string(), z.unknown()), z.array(z.tuple([z.string(), z.unknown()]))]).nullish(),
    goto: z.union([Goto, z.array(Goto)]).nullish(),
  })
  .transform(({ resume, ...rest }): RunCommand => (resume === undefined || (resume === null && saysMore(rest)) ? rest : { resume, ...rest }));

/** Clients in Python send every field of a Command: beside an update or a goto, `resume: null` is no answer. */
function saysMore({ update, goto }: { update?: unknown; goto?: unknown }): boolean {
  return (update ?? null) !== null || (Array.isArray(goto) ? goto.length > 0 : (goto ?? null) !== null);
}
export interface RunCommand {
  resume?: unknown;
  update?: Record<string, unknown> | [string, unknown][] | null | undefined;
  goto?: string | Send | (string | Send)[] | null | undefined;
}
interface Send {
  node: string;
  input?: unknown;
}

/** The JavaScript SDK's types have other words for the same. */
const OnCompletion = z.enum(["delete", "keep", "complete", "continue"]).transform((word) => (word === "keep" || word === "continue" ? "keep" : "delete"));

/** Body of every endpoint that creates a run. Unknown fields are ignored, as clients of other versions expect. */
export const RunCreate = z
  .object({
    assistant_id: z.string().min(1),
    input: z.unknown().optional(),
    command: RunCommand.nullish(),
    config: z
      .object({
        configurable: z.record(z.string(), z.unknown()).nullish(),
        recursion_limit: z.number().int().positive().nullish(),
        tags: z.array(z.string()).nullish(),
      })
      .loose()
      .nullish(),
    context: z.record(z.string(), z.unknown()).nullish(),
    metadata: z.record(z.string(), z.unknown()).nullish(),
    checkpoint: z
      .object({ checkpoint_id: z.string().nullish(), checkpoint_ns: z.string().nullish(), checkpoint_map: z.record(z.string(), z.unknown()).nullish() })
      .loose()
      .nullish(),
    checkpoint_id: z.string().nullish(),
    stream_mode: z.union([StreamMode, z.array(StreamMode)]).nullish(),
    stream_subgraphs: z.boolean().nullish(),
    stream_resumable: z.boolean().nullish(),
    interrupt_before: z.union([z.literal("*"), z.array(z.string())]).nullish(),
    interrupt_after: z.union([z.literal("*"), z.array(z.string())]).nullish(),
    multitask_strategy: z.enum(["reject", "enqueue", "interrupt", "rollback"]).nullish(),
    if_not_exists: z.enum(["reject", "create"]).nullish(),
    on_completion: OnCompletion.nullish(),
    on_disconnect: z.enum(["continue", "cancel"]).nullish(),
    // a century: what is later is a mistake, and no date of the database holds it
    after_seconds: z.number().nonnegative().max(3_155_760_000).nullish(),
    durability: z.enum(["sync", "async", "exit"]).nullish(),
    /** What `durability` was before it had three words. */
    checkpoint_during: z.boolean().nullish(),
    webhook: WebhookUrl.nullish(),
  })
  .meta({ id: "RunCreate", description: "What is run, on what, and how." });
export type RunCreate = z.infer<typeof RunCreate>;
