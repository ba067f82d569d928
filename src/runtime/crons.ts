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
import type { CronFilter, CronsService } from "#ports/services.ts";
import type { Cron } from "#protocol/wire.ts";
import { findUsableAssistant } from "./assistants.ts";
import { nextTick, type Schedule } from "./cron-schedule.ts";
import { isUuid, newId, systemAssistantId } from "./ids.ts";
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

  function filterOf(owner: string, { assistant_id: name, ...filter }: CronFilter) {
    const assistantId = name === undefined ? undefined : assistantIdOf(name);
    return assistantId === null ? null : { ...filter, owner, assistant_id: assistantId };
  }

  return {
    async create(caller, threadId, input) {
      if (input.payload.webhook) mustBeReachable(context.webhooks, input.payload.webhook);
      const [assistant, thread] = await Promise.all([
        findUsableAssistant(context, caller, input.assistant_id),
        threadId === null ? null : findThread(sql, threadId, caller.owner),
      ]);
      const gone = () => new AppError("not_found", `Thread with ID ${threadId} not found`);
      if (threadId !== null && thread === null) throw gone();
      const row = await insertCron(sql, {
        cron_id: newId(),
        owner: caller.owner,
        assistant_id: assistant.assistant_id,
        thread_id: threadId,
        schedule: input.schedule,
        timezone: input.timezone,
        end_time: input.end_time,
        enabled: input.enabled,
        on_run_completed: input.on_run_completed,
        payload: { ...input.payload },
        metadata: input.metadata,
        next_run_date: firstTick(input, await now(sql)),
      });
      if (row === null) throw threadId === null ? new AppError("not_found", "Assistant not found") : gone();
      return wireCron(row);
    },

    async get(caller, cronId) {
      const row = await findCron(sql, cronId, caller.owner);
      if (row === null) throw missing();
      return wireCron(row);
    },

    async update(caller, cronId, { payload, metadata, ...timing }) {
      if (payload.webhook) mustBeReachable(context.webhooks, payload.webhook);
      return sql.begin(async (transaction) => {
        const row = await findCron(transaction, cronId, caller.owner, { lock: true });
        if (row === null) throw missing();
        const changed = { ...row, ...timing };
        const saved = await updateCron(transaction, {
          ...changed,
          disabled_reason: changed.enabled ? null : row.disabled_reason,
          payload: withoutNull({ ...row.payload, ...payload }),
          metadata: { ...row.metadata, ...metadata },
          next_run_date: nextAfterChange(row, changed, await now(transaction)),
        });
        if (saved === null) throw missing();
        return wireCron(saved);
      });
    },

    async delete(caller, cronId) {
      if (!(await deleteCron(sql, cronId, caller.owner))) throw missing();
    },

    async search(caller, { limit, offset, sort_by, sort_order, ...asked }) {
      const filter = filterOf(caller.owner, asked);
      if (filter === null) return { items: [], total: 0 };
      const { rows, total } = await searchCrons(sql, { ...filter, limit, offset, sort_by, sort_order });
      return { items: rows.map(wireCron), total };
    },

    async count(caller, asked) {
      const filter = filterOf(caller.owner, asked);
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
  const { owner, last_tick: _, failures: __, ...rest } = row;
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
