import { z } from "zod";
import { CheckpointInput, Flag, Id, JsonRecord, maybe, PageFields, present, Select } from "./fields.ts";
import { RunCommand } from "./run-create.ts";

export const ThreadPath = z.object({ thread_id: Id });
export const ThreadCheckpointPath = z.object({ thread_id: Id, checkpoint_id: Id });

const Superstep = z.object({
  updates: z.array(
    z
      .object({ values: z.unknown(), command: z.unknown().optional(), as_node: z.string() })
      .refine((update) => RunCommand.nullish().safeParse(update.command).success, "command: not a command"),
  ),
});

export const ThreadCreate = z
  .object({
    thread_id: maybe(Id),
    metadata: maybe(JsonRecord),
    if_exists: maybe(z.enum(["raise", "do_nothing"])),
    supersteps: maybe(z.array(Superstep)),
  })
  .transform(present);

const ThreadFilter = {
  metadata: maybe(JsonRecord),
  values: maybe(JsonRecord),
  status: maybe(z.enum(["idle", "busy", "interrupted", "error"])),
  ids: maybe(z.array(Id)),
};

export const ThreadSearch = z
  .object({
    ...PageFields,
    ...ThreadFilter,
    sort_by: maybe(z.enum(["thread_id", "status", "created_at", "updated_at"])),
    sort_order: maybe(z.enum(["asc", "desc"])),
    select: Select,
  })
  .transform(present);

export const ThreadCount = z.object(ThreadFilter).transform(present);

/** `ttl` alone is a valid body of the platform; without `metadata` nothing is merged. */
export const ThreadUpdate = z.object({ metadata: JsonRecord.nullish().transform((metadata) => metadata ?? {}) });

export const StateQuery = z.object({ subgraphs: Flag.nullish().transform((flag) => flag ?? false) });

export const StateAtCheckpoint = z.object({
  checkpoint: CheckpointInput.nullish().transform((checkpoint) => checkpoint ?? {}),
  subgraphs: Flag.nullish().transform((flag) => flag ?? false),
});

export const StateUpdate = z
  .object({
    values: z
      .union([JsonRecord, z.array(JsonRecord)])
      .nullish()
      .transform((values) => values ?? null),
    as_node: maybe(z.string()),
    checkpoint: maybe(CheckpointInput),
    checkpoint_id: maybe(Id),
  })
  .transform(({ checkpoint_id, checkpoint, ...rest }) =>
    present({ ...rest, checkpoint: checkpoint_id === undefined ? checkpoint : { checkpoint_id, ...checkpoint } }),
  );

/** A checkpoint id, or the config of a checkpoint as the SDK's type has it. */
const Before = z.union([
  z.string().transform((checkpoint_id) => ({ checkpoint_id })),
  z.object({ configurable: CheckpointInput }).transform((config) => config.configurable),
  CheckpointInput,
]);

export const HistoryQuery = z.object({ limit: PageFields.limit, before: maybe(Before) }).transform(present);

export const HistoryBody = z
  .object({ limit: PageFields.limit, before: maybe(Before), metadata: maybe(JsonRecord), checkpoint: maybe(CheckpointInput) })
  .transform(present);
