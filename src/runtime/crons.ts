import type { CronRow } from "#db/queries/cron-row.ts";
import { currentTime } from "#db/queries/current-time.ts";
import { deleteCron } from "#db/queries/delete-cron.ts";
import { findCron } from "#db/queries/find-cron.ts";
import { findThread } from "#db/queries/find-thread.ts";
import { insertCron } from "#db/queries/insert-cron.ts";
import { countCrons, searchCrons } from "#db/queries/search-crons.ts";
import type { Sql } from "#db/queries/sql.ts";
import { updateCron } from "#db/queries/update-cron.ts";
import { AppError } from "#errors";
import { metadataOf, permit } from "#governance/permit.ts";
import type { Caller } from "#ports/caller.ts";
import type { CronFilter, CronsService } from "#ports/services/crons.ts";
import type { Cron } from "#protocol/wire.ts";
import { findUsableAssistant } from "./assistants.ts";
import { nextTick, type Schedule } from "./cron-schedule.ts";
import { isUuid, newId, systemAssistantId } from "./ids.ts";
import { judgeRun } from "./judge-run.ts";
import { threadNotFound } from "./must-find.ts";
import { kwargsOf } from "./run-request.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import { mustBeReachable } from "./webhooks/webhook-settings.ts";

type Timing = Schedule & { end_time: Date | null; enabled: boolean };

/** The crons of the HTTP API: rows, and when each of them is due next. What makes them tick is `cron-runs.ts`. */
export function makeCronsService(context: RuntimeContext): CronsService {
  const { sql } = context.database;
  const missing = () => new AppError("not_found", "Cron not found");

  const now = async (within: Sql) => context.clock?.() ?? currentTime(within);

  /** Null for an assistant that cannot be one. */
  function assistantIdOf(name: string): string | null {
    const id = context.graphs.find(name) === null ? name : systemAssistantId(name);
    return isUuid(id) ? id : null;
  }

  async function filterOf(caller: Caller, { assistant_id: name, ...filter }: CronFilter) {
    const assistantId = name === undefined ? undefined : assistantIdOf(name);
    const { access, value } = await permit(caller, "crons:search", { ...filter, assistant_id: assistantId ?? name });
    return assistantId === null ? null : { ...filter, reach: access, assistant_id: assistantId, metadata: metadataOf(value) };
  }

  return {
    async create(caller, threadId, input) {
      const { payload } = input;
      if (payload.webhook) mustBeReachable(context.webhooks, payload.webhook);
      const cronId = newId();
      const assistant = await findUsableAssistant(context, caller, input.assistant_id);
      const { value } = await permit(caller, "crons:create", {
        cron_id: cronId,
        thread_id: threadId ?? undefined,
        assistant_id: assistant.assistant_id,
        user_id: caller.owner,
        schedule: input.schedule,
        end_time: input.end_time,
        metadata: input.metadata,
        payload,
      });
      const metadata = metadataOf(value);
      // who may not start a run now may not have it started later
      const { access } = await judgeRun(caller, {
        runId: newId(),
        threadId,
        assistantId: assistant.assistant_id,
        input: { ...payload, assistant_id: assistant.assistant_id, metadata },
        kwargs: kwargsOf({ ...payload, assistant_id: assistant.assistant_id }, assistant, {}, false),
      });
      const thread = threadId === null ? null : await findThread(sql, threadId, access);
      if (threadId !== null && thread === null) throw threadNotFound(threadId);
      const row = await insertCron(sql, {
        cron_id: cronId,
        owner: caller.owner,
        creator: caller.user ?? null,
        assistant_id: assistant.assistant_id,
        thread_id: threadId,
        schedule: input.schedule,
        timezone: input.timezone,
        end_time: input.end_time,
        enabled: input.enabled,
        on_run_completed: input.on_run_completed,
        payload: { ...payload },
        metadata,
        next_run_date: firstTick(input, await now(sql)),
      });
      if (row === null) throw threadId === null ? new AppError("not_found", "Assistant not found") : threadNotFound(threadId);
      return wireCron(row);
    },

    async get(caller, cronId) {
      const { access } = await permit(caller, "crons:read", { cron_id: cronId });
      const row = await findCron(sql, cronId, access);
      if (row === null) throw missing();
      return wireCron(row);
    },

    async update(caller, cronId, { payload, metadata, ...timing }) {
      if (payload.webhook) mustBeReachable(context.webhooks, payload.webhook);
      const { access, value } = await permit(caller, "crons:update", { cron_id: cronId, payload, metadata: metadata ?? {}, ...timing });
      return sql.begin(async (transaction) => {
        const row = await findCron(transaction, cronId, access, { lock: true });
        if (row === null) throw missing();
        const changed = { ...row, ...timing };
        const saved = await updateCron(transaction, {
          ...changed,
          disabled_reason: changed.enabled ? null : row.disabled_reason,
          payload: withoutNull({ ...row.payload, ...payload }),
          metadata: { ...row.metadata, ...metadataOf(value) },
          next_run_date: nextAfterChange(row, changed, await now(transaction)),
        });
        if (saved === null) throw missing();
        return wireCron(saved);
      });
    },

    async delete(caller, cronId) {
      const { access } = await permit(caller, "crons:delete", { cron_id: cronId });
      if (!(await deleteCron(sql, cronId, access))) throw missing();
    },

    async search(caller, { limit, offset, sort_by, sort_order, ...asked }) {
      const filter = await filterOf(caller, asked);
      if (filter === null) return { items: [], total: 0 };
      const { rows, total } = await searchCrons(sql, { ...filter, limit, offset, sort_by, sort_order });
      return { items: rows.map(wireCron), total };
    },

    async count(caller, asked) {
      const filter = await filterOf(caller, asked);
      return filter === null ? 0 : countCrons(sql, filter);
    },
  };
}

/** A new cron that would never do anything is a mistake that its maker should hear of. */
function firstTick(timing: Timing, now: Date): Date | null {
  const tick = nextTick(timing, now);
  if (tick === null) throw new AppError("invalid_request", `schedule: there is no date that "${timing.schedule}" stands for.`);
  if (timing.end_time !== null && tick > timing.end_time)
    throw new AppError("invalid_request", `end_time: the first run would be at ${tick.toISOString()}, after the end. Choose a later end, or none.`);
  return timing.enabled ? tick : null;
}

/** A tick that is planned stays planned unless the change is about when; what was missed while switched off is not made up for. */
function nextAfterChange(before: CronRow, timing: Timing, now: Date): Date | null {
  const newPlan = timing.schedule !== before.schedule || timing.timezone !== before.timezone;
  const after = before.last_tick !== null && before.last_tick > now ? before.last_tick : now;
  const found = newPlan || before.next_run_date === null ? nextTick(timing, after) : before.next_run_date;
  if (newPlan && found === null) throw new AppError("invalid_request", `schedule: there is no date that "${timing.schedule}" stands for.`);
  if (!timing.enabled || found === null) return null;
  return timing.end_time !== null && found > timing.end_time ? null : found;
}

function withoutNull(payload: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== null));
}

function wireCron(row: CronRow): Cron {
  const { owner, creator: _, last_tick: __, failures: ___, ...rest } = row;
  return {
    ...rest,
    user_id: owner,
    payload: { assistant_id: row.assistant_id, metadata: row.metadata, ...row.payload },
    end_time: row.end_time?.toISOString() ?? null,
    next_run_date: row.next_run_date?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
