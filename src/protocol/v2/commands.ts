import { z } from "zod";
import { EventsFilter } from "./events-filter.ts";

/** The envelope of every command; what the method makes of `params` is parsed apart, because a mistake there is answered inside a 200. */
export const Command = z.object({
  id: z.number().int().nonnegative(),
  method: z.string().max(200),
  params: z.record(z.string(), z.unknown()).nullish(),
});
export type Command = z.infer<typeof Command>;

const CommandErrorCode = z.enum([
  "invalid_argument",
  "unknown_command",
  "unknown_error",
  "no_such_run",
  "no_such_subscription",
  "no_such_namespace",
  "no_such_interrupt",
  "no_such_checkpoint",
  "permission_denied",
  "not_supported",
]);
export type CommandErrorCode = z.infer<typeof CommandErrorCode>;

const AnswerMeta = z.object({
  thread_id: z.string(),
  /** Number of the thread's last event when the command was answered. */
  applied_through_seq: z.number().int(),
});

export const CommandAnswer = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("success"), id: z.number().int(), result: z.record(z.string(), z.unknown()), meta: AnswerMeta.exactOptional() }),
    z.object({ type: z.literal("error"), id: z.number().int().nullable(), error: CommandErrorCode, message: z.string(), meta: AnswerMeta.exactOptional() }),
  ])
  .meta({ id: "CommandAnswer" });
export type CommandAnswer = z.infer<typeof CommandAnswer>;

const Namespace = z.array(z.string());
const Record = z.record(z.string(), z.unknown());
const Goto = z.union([z.string(), z.object({ node: z.string(), input: z.unknown() })]);

const AssistantId = z.string({ error: "run.start requires an assistant_id." }).min(1, "run.start requires an assistant_id.");

export const RunStartParams = z.object({
  assistant_id: AssistantId,
  input: z.unknown().optional(),
  config: Record.nullish(),
  context: Record.nullish(),
  metadata: Record.nullish(),
  // clients of other versions say other words; they get the default
  multitaskStrategy: z.enum(["reject", "enqueue", "interrupt", "rollback"]).nullish().catch(null),
});

const Reply = z.object({
  namespace: Namespace.nullish(),
  interrupt_id: z.string({ error: "input.respond requires an interrupt_id." }),
  response: z.unknown().optional(),
});
const Beside = {
  update: z.union([Record, z.array(z.tuple([z.string(), z.unknown()]))]).nullish(),
  goto: z.union([Goto, z.array(Goto)]).nullish(),
  config: Record.nullish(),
  metadata: Record.nullish(),
};
/** One reply, or several of one checkpoint that resume together. */
export const InputRespondOne = z.object({ ...Reply.shape, ...Beside });
export const InputRespondMany = z.object({ responses: z.array(Reply).min(1, "input.respond requires at least one response."), ...Beside });

export const StateGetParams = z.object({ namespace: Namespace.nullish(), keys: z.array(z.string()).nullish() });

export const ListCheckpointsParams = z.object({
  namespace: Namespace.nullish(),
  limit: z.number().int().min(1).max(1_000).nullish(),
  before: z.string().nullish(),
});

export const StateForkParams = z.object({ checkpoint_id: z.string().min(1), input: z.unknown().optional(), config: Record.nullish() });

export const SubscribeParams = z.object({
  ...EventsFilter.shape,
  channels: z
    .array(z.string().max(1_000), { error: "subscription.subscribe requires a non-empty channels array." })
    .min(1, "subscription.subscribe requires a non-empty channels array.")
    .max(1_000),
});

export const UnsubscribeParams = z.object({ subscription_id: z.string({ error: "subscription.unsubscribe requires a subscription_id." }) });

export const ReconnectParams = z.object({
  run_id: z.string().nullish(),
  last_event_id: z.string().nullish(),
  subscriptions: z.array(z.string()).max(1_000).nullish(),
});
