import { z } from "zod";
import { CheckpointInput, Flag, Id, JsonRecord, listed, MAX_PAGE, maybe, PageFields, present, Select } from "./fields.ts";
import { RunCommand } from "./run-create.ts";

export const ThreadPath = z.object({ thread_id: Id });
export const ThreadCheckpointPath = z.object({ thread_id: Id, checkpoint_id: Id });

/** How long a thread may rest, and what is done then. */
export interface ThreadTtl {
  minutes: number;
  strategy: "delete" | "keep_latest";
}

/** A hundred years: what PostgreSQL adds to a date without running out of dates. */
const LONGEST_TTL = 52_560_000;
const TtlMinutes = z.number().positive().max(LONGEST_TTL);

/** Minutes, or an object with a strategy. */
const Ttl = z
  .union([TtlMinutes.transform((ttl) => ({ ttl, strategy: null })), z.object({ ttl: TtlMinutes, strategy: z.enum(["delete", "keep_latest"]).nullish() })])
  .transform(({ ttl, strategy }): ThreadTtl => ({ minutes: ttl, strategy: strategy ?? "delete" }));

const StorageKind = z.enum(["thread", "runs", "approvals", "stream_events", "checkpoints", "values", "writes", "list_parts"]);

export const ThreadStorage = z
  .object({ thread_id: z.string(), bytes: z.number(), by: z.record(StorageKind, z.object({ rows: z.number(), bytes: z.number() })) })
  .meta({ id: "ThreadStorage", description: "What a thread takes up, rows and bytes." });
export type ThreadStorage = z.infer<typeof ThreadStorage>;

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
    ttl: maybe(Ttl),
  })
  .transform(present);

/** Keys joined by dots, places in lists in brackets; negative ones count from the end. Becomes its steps. */
const ExtractPath = z
  .string()
  .max(500)
  .regex(/^[^.[\]]+(?:\.[^.[\]]+|\[-?\d{1,6}\])*$/, "must be a path such as values.messages[-1].content")
  .transform((path) => [...path.matchAll(/\[(-?\d+)\]|([^.[\]]+)/g)].map(([, place, key]) => (place === undefined ? (key ?? "") : Number(place))));

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
    /** Names and the paths of what they stand for: `values.messages[-1].content`. */
    extract: maybe(z.record(z.string(), ExtractPath).refine((paths) => Object.keys(paths).length <= 10, "at most ten paths")),
  })
  .transform(present);

export const ThreadCount = z.object(ThreadFilter).transform(present);

/** Without `metadata` nothing is merged; a `ttl` of null keeps the thread for ever. */
export const ThreadUpdate = z
  .object({ metadata: JsonRecord.nullish().transform((metadata) => metadata ?? {}), ttl: Ttl.nullable().optional() })
  .transform(present);

const INCLUDABLE = ["ttl", "storage"] as const;

/** What comes with a thread besides: `include=ttl&include=storage` or `include=ttl,storage`; what is unknown is not there. */
export const ThreadQuery = z.object({
  include: z
    .union([z.string(), z.array(z.string())])
    .nullish()
    .transform((names) => [listed(names ?? [])].flat().flatMap((name) => String(name).split(",")))
    .transform((names) => INCLUDABLE.filter((one) => names.includes(one))),
});

export const ThreadPrune = z.object({
  thread_ids: z.array(Id).max(MAX_PAGE),
  strategy: z
    .enum(["delete", "keep_latest"])
    .nullish()
    .transform((strategy) => strategy ?? "delete"),
});

export const StatePatch = z.object({ metadata: JsonRecord });

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

const ThreadStreamModes = z.array(z.enum(["run_modes", "lifecycle", "state_update"])).min(1);

/** A text, a repeated parameter, or JSON of a list; in the singular as the SDKs send it or in the plural of the docs. */
export const ThreadStreamQuery = z
  .object({ stream_mode: z.unknown().optional(), stream_modes: z.unknown().optional() })
  .transform(({ stream_mode, stream_modes }) => ({ stream_mode: listed(stream_mode ?? stream_modes ?? "run_modes") }))
  .pipe(z.object({ stream_mode: ThreadStreamModes }));
