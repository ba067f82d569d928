import { z } from "zod";
import { Id, MAX_PAGE, maybe, PageFields, present } from "../fields.ts";
import { CATEGORIES } from "./event.ts";
import { LogEvent } from "./events.ts";

/** A list: repeated, or with commas. */
function words<T extends string>(word: z.ZodType<T, string>) {
  return maybe(
    z
      .union([z.string(), z.array(z.string())])
      .transform((given) =>
        [given]
          .flat()
          .flatMap((text) => text.split(","))
          .map((text) => text.trim())
          .filter((text) => text !== ""),
      )
      .pipe(z.array(word).max(50)),
  ).transform((list) => (list === undefined || list.length === 0 ? undefined : list));
}

const Time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), "must be a time, like 2026-01-31T12:00:00Z")
  .transform((text) => new Date(text));
const Sequence = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const Window = { since: maybe(Time), until: maybe(Time) };

const Filter = {
  ...Window,
  category: words(z.enum(CATEGORIES)),
  type: words(z.string().max(100)).meta({ description: "Types, with `*` for any text: `run.*,*.failed`." }),
  thread_id: maybe(Id),
  run_id: maybe(Id),
  project_id: maybe(Id),
  correlation_id: maybe(z.string().max(200)),
};

const Paging = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_PAGE)
    .nullish()
    .transform((limit) => limit ?? 100),
  order: z
    .enum(["asc", "desc"])
    .nullish()
    .transform((order) => order ?? "desc"),
  cursor: maybe(Sequence),
};

function filterOf<T extends { category?: unknown; type?: unknown }>({ category, type, ...rest }: T) {
  return { ...rest, categories: category as readonly string[] | undefined, types: type as readonly string[] | undefined };
}

export const EventsQuery = z.object({ ...Filter, ...Paging }).transform(({ limit, order, cursor, ...filter }) => ({
  filter: present(filterOf(filter)),
  page: present({ limit, order, cursor }),
}));

export const EventStreamQuery = z
  .object({ ...Filter, after: maybe(Sequence) })
  .transform(({ after, ...filter }) => ({ filter: present(filterOf(filter)), after }));

export const AuditQuery = z
  .object({ ...Filter, ...Paging, actor: maybe(z.string().max(500)), owner: maybe(z.string().max(500)), format: maybe(z.enum(["json", "jsonl"])) })
  .transform(({ limit, order, cursor, format, ...filter }) => ({
    filter: present(filterOf(filter)),
    page: present({ limit, order, cursor }),
    format: format ?? "json",
  }));

export const MetricsQuery = z.object(Window).transform(present);

export const SessionsQuery = z
  .object({ ...Window, ...PageFields })
  .transform(({ limit, offset, ...window }) => ({ window: present(window), page: { limit, offset } }));

export const SessionPath = z.object({ session_id: z.string().max(200) });

export const EventsAnswer = z.object({
  items: z.array(LogEvent),
  next_cursor: z.number().nullable(),
  /** The newest number of all: where a stream can go on after this. */
  last_seq: z.number(),
});

const Counts = z.record(z.string(), z.number());
const Times = { average_ms: z.number().nullable(), p50_ms: z.number().nullable(), p95_ms: z.number().nullable() };

const Metrics = {
  events: z.object({ total: z.number(), by_category: Counts, by_type: Counts }),
  first_at: z.string().nullable(),
  last_at: z.string().nullable(),
  sessions: z.number(),
  runs: z.object({ started: z.number(), ended: z.number(), by_status: Counts, ...Times }),
  models: z.object({ calls: z.number(), failed: z.number(), input_tokens: z.number(), output_tokens: z.number(), cost_usd: z.number().nullable(), ...Times }),
  tools: z.object({ calls: z.number(), failed: z.number(), by_tool: Counts, ...Times }),
  approvals: z.object({ required: z.number(), decided: z.number(), expired: z.number(), by_decision: Counts, ...Times }),
};

export const EventMetricsAnswer = z.object(Metrics).meta({ id: "EventMetrics" });
export const SessionMetricsAnswer = z.object({ session_id: z.string(), ...Metrics }).meta({ id: "SessionMetrics" });
export const SessionsAnswer = z.object({ items: z.array(SessionMetricsAnswer), total: z.number() });

const Nullable = z.string().nullable();
const AuditEntry = z.object({
  seq: z.number(),
  id: z.string(),
  at: z.string(),
  type: z.string(),
  category: z.string(),
  owner: Nullable,
  actor: Nullable,
  thread_id: Nullable,
  run_id: Nullable,
  project_id: Nullable,
  correlation_id: Nullable,
  causation_id: Nullable,
  data: z.record(z.string(), z.unknown()),
  previous_hash: z.string(),
  hash: z.string(),
});

export const AuditAnswer = z.object({
  items: z.array(AuditEntry),
  next_cursor: z.number().nullable(),
  head: z.object({ seq: z.number(), hash: z.string() }),
});
