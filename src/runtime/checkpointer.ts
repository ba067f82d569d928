import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  WRITES_IDX_MAP,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type DeltaChannelHistory,
  type PendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import type { Database } from "#db/client.ts";
import { storableJsonText } from "#db/json.ts";
import { copyCheckpoints } from "#db/queries/copy-checkpoints.ts";
import { deleteRunCheckpoints, deleteThreadCheckpoints, pruneCheckpoints } from "#db/queries/delete-checkpoints.ts";
import { readDeltaHistory } from "#db/queries/delta-history.ts";
import type { Fence } from "#db/queries/fence.ts";
import { type CheckpointPut, type CheckpointRow, putCheckpoints, type PutOutcome } from "#db/queries/put-checkpoints.ts";
import { putWrites } from "#db/queries/put-writes.ts";
import { readCheckpoints, readPendingSends, type CheckpointPage, type CheckpointQuery } from "#db/queries/read-checkpoints.ts";
import type { Sql } from "#db/queries/sql.ts";
import { AppError, isAppError, isConnectionLost } from "#errors";
import { retrying } from "./backoff.ts";
import { CheckpointGroups } from "./checkpoint-groups.ts";
import { fenceOf, findAddress, requireAddress, withRunMetadata } from "./checkpointer-config.ts";
import { KnownParts } from "./checkpointer-known.ts";
import { LIST_TYPE, partsToStore, splitList, wholeList, type ListElement, type Part } from "./checkpointer-list.ts";
import { ElementTexts } from "./checkpointer-elements.ts";
import { assembleTuple, keepsSendsInParent, loadBlob } from "./checkpointer-read.ts";
import { type HeldWrites, WritesOnHold } from "./held-writes.ts";
import { isEditing, lockForEdit, wroteInEdit } from "./thread-edit.ts";
import { WritesUnderWay } from "./writes-under-way.ts";

const PAGE = 20;
/** About 15 MB. */
const KNOWN_HASHES = 100_000;
const decoder = new TextDecoder();

/**
 * LangGraph's checkpointer on the project's database (docs/decisions/0002), in the tables of the official PostgresSaver: what that one
 * wrote is read, but not the other way round.
 *
 *   - Channel versions are unique, so two branches of one checkpoint never share a value by accident.
 *   - `put` and `putWrites` are one statement each; with a fence in the config (`FENCE_KEY`) they write nothing once the run was taken
 *     over, and throw `lease_lost`.
 *   - What a run's tasks produced goes with the checkpoint that follows at once (`held-writes.ts`).
 *   - Long lists are stored in parts (`checkpointer-list.ts`).
 */
export class Checkpointer extends BaseCheckpointSaver {
  readonly #database: Database;
  readonly #known = new KnownParts(KNOWN_HASHES);
  readonly #held = new WritesOnHold(({ fence, threadId, held }) => void this.#writeHeld(threadId, held, fence));
  readonly #groups = new CheckpointGroups({
    group: (puts) => putCheckpoints(this.#database.sql, puts, "leave"),
    alone: (put) => patiently(put.fence, () => putAlone(this.#database.sql, put)),
  });
  readonly #underWay = new WritesUnderWay();
  /** Attempts that have written a checkpoint. */
  readonly #wrote = new WeakSet<Fence>();
  /** A serializer of somebody else's (encryption, say) must see whole values. */
  readonly #splitsLists: boolean;
  readonly #texts = new ElementTexts();
  /** Is told of every write that the fence refused. */
  #onLeaseLost: ((fence: Fence) => void) | null = null;

  constructor(database: Database, serde?: SerializerProtocol) {
    super(serde);
    this.#database = database;
    this.#splitsLists = serde === undefined;
  }

  /** One listener: the worker whose runs write here. */
  set onLeaseLost(listener: (fence: Fence) => void) {
    this.#onLeaseLost = listener;
  }

  /** The next whole number plus a random fraction: still ordered, also after integers, and never met twice. */
  override getNextVersion(current: number | undefined): number {
    return Math.floor(current ?? 0) + 1 + Math.floor(Math.random() * 1e12) / 1e12;
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const address = findAddress(config);
    if (address === null) return undefined;
    const fence = fenceOf(config);
    // a run has its thread to itself: what was empty when it began is empty until it writes
    if (fence?.freshThread === address.threadId && !this.#wrote.has(fence)) return undefined;
    const page = await this.#read({ ...address, limit: 1 });
    const [head] = page.heads;
    return head && (await this.#assemble(page, head));
  }

  /** Newest first, fetched 20 at a time: stop taking and the rest is never read. */
  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const address = findAddress(config);
    const namespace: unknown = config.configurable?.["checkpoint_ns"];
    const beforeId = options.before ? findAddress({ configurable: { thread_id: "-", ...options.before.configurable } })?.checkpointId : undefined;
    const filter = options.filter && Object.keys(options.filter).length > 0 ? storableJsonText(JSON.stringify(options.filter)) : undefined;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    let after: CheckpointQuery["after"];
    while (left > 0) {
      const limit = Math.min(left, PAGE);
      const page = await this.#read({
        threadId: address?.threadId,
        // here "" is the root graph's namespace and absent means every one
        namespace: typeof namespace === "string" ? namespace : undefined,
        checkpointId: address?.checkpointId,
        beforeId,
        filter,
        after,
        limit,
      });
      for (const head of page.heads) yield await this.#assemble(page, head);
      left -= page.heads.length;
      after = page.heads.at(-1);
      if (page.heads.length < limit) return;
    }
  }

  override async put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, newVersions: ChannelVersions): Promise<RunnableConfig> {
    return this.#underWay.track(fenceOf(config), this.#put(config, checkpoint, metadata, newVersions));
  }

  async #put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, newVersions: ChannelVersions): Promise<RunnableConfig> {
    const { threadId, namespace, checkpointId: parentId } = requireAddress(config);
    const fence = fenceOf(config);
    const { channel_values: values, ...rest } = checkpoint;
    // every value is serialised before the first await: the graph goes on with them
    const changed = Object.entries(newVersions).filter(([channel]) => Object.hasOwn(values, channel) && values[channel] !== undefined);
    const dumping = Promise.all(
      changed.map(async ([channel, version]) => ({ channel, version: String(version), ...(await this.#dumpChannel(values[channel])) })),
    );
    const dumpingMetadata = this.serde.dumpsTyped(withRunMetadata(config, metadata));
    const blobs = await dumping;
    const exact = decoder.decode((await dumpingMetadata)[1]);
    const stored = storableJsonText(exact);
    const tops = blobs.flatMap((blob) => blob.tops);
    const row: Omit<CheckpointRow, "parts" | "writes"> = {
      threadId,
      namespace,
      checkpointId: checkpoint.id,
      parentId: parentId ?? null,
      checkpoint: JSON.stringify(rest),
      metadata: stored,
      exactMetadata: stored === exact ? null : exact,
      blobs,
      inParts: tops.length > 0,
    };
    if (fence !== null) this.#wrote.add(fence);
    const held = isEditing(threadId) ? [] : this.#held.take(fence, threadId);
    const done = this.#held.checkpointBegins(fence, threadId);
    try {
      const fenced = await this.#write(row, tops, held, fence);
      for (const { settle } of held) settle(fenced);
      if (!fenced) throw this.#leaseLost(fence);
    } catch (error) {
      // what the tasks did is kept whatever is wrong with the checkpoint
      if (held.length > 0 && !isAppError(error)) void this.#writeHeld(threadId, held, fence);
      else for (const { fail } of held) fail(error);
      throw error;
    } finally {
      done();
    }
    return { configurable: { thread_id: threadId, checkpoint_ns: namespace, checkpoint_id: checkpoint.id } };
  }

  /**
   * Once with the parts that seem to be missing; with all of them when the thread's generation turns out to be another one. False: the fence
   * refused.
   */
  async #write(row: Omit<CheckpointRow, "parts" | "writes">, tops: readonly Part[], held: readonly HeldWrites[], fence: Fence | null): Promise<boolean> {
    const { sql } = this.#database;
    const { threadId } = row;
    const writes = held.map(({ rows }) => rows);
    for (let known = tops.length > 0 ? this.#known.find(threadId) : null, attempt = 0; attempt < 10; attempt += 1, known = null) {
      const missing = partsToStore(tops, known?.hashes);
      const put: CheckpointPut = { row: { ...row, parts: [...missing.values()], writes }, generation: known?.generation ?? null, fence };
      const outcome = isEditing(threadId)
        ? await sql.begin(async (tx) => {
            await lockForEdit(tx, threadId);
            return putAlone(tx, put);
          })
        : fence === null
          ? await putAlone(sql, put)
          : await this.#groups.put(put);
      if (!outcome.fenced) return false;
      if (outcome.written) {
        if (outcome.generation !== null) this.#known.learn(threadId, outcome.generation, missing.keys());
        wroteInEdit(row.namespace, row.checkpointId);
        return true;
      }
      this.#known.forget(threadId);
    }
    throw new AppError("database_unavailable", "The checkpoint could not be written: its thread is being deleted or pruned again and again.");
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    return this.#underWay.track(fenceOf(config), this.#putWrites(config, writes, taskId));
  }

  /** Waits until an attempt of a run that was aborted has written what it leaves behind. False: it took longer than that. */
  settled(attempt: { runId: string; epoch: number }, limitMs: number): Promise<boolean> {
    return this.#underWay.settled(attempt, limitMs);
  }

  async #putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    const { threadId, namespace, checkpointId } = requireAddress(config);
    if (checkpointId === undefined) throw new AppError("invalid_request", "Writes belong to a checkpoint: configurable.checkpoint_id is missing.");
    const fence = fenceOf(config);
    const dumped = await Promise.all(
      writes.map(async ([channel, value], place) => {
        const [type, body] = await this.serde.dumpsTyped(value);
        return { index: WRITES_IDX_MAP[channel] ?? place, channel, type, body };
      }),
    );
    const rows = { threadId, namespace, checkpointId, taskId, writes: dumped };
    const { sql } = this.#database;
    const written = isEditing(threadId)
      ? await sql.begin(async (tx) => {
          await lockForEdit(tx, threadId);
          return putWrites(tx, threadId, [rows], fence);
        })
      : fence === null
        ? await putWrites(sql, threadId, [rows], null)
        : await this.#held.hold(fence, rows);
    if (!written) throw this.#leaseLost(fence);
  }

  /** Writes what no checkpoint took along. Never throws: each of them is told. */
  async #writeHeld(threadId: string, held: readonly HeldWrites[], fence: Fence | null): Promise<void> {
    const tasks = held.map(({ rows }) => rows);
    try {
      const written = await patiently(fence, () => putWrites(this.#database.sql, threadId, tasks, fence));
      for (const { settle } of held) settle(written);
    } catch (error) {
      for (const { fail } of held) fail(error);
    }
  }

  override async deleteThread(threadId: string): Promise<void> {
    await this.#database.sql.begin((tx) => deleteThreadCheckpoints(tx, [threadId]));
    this.#known.forget(threadId);
  }

  /** Forgets what it knows of threads whose rows somebody else deleted; only to save memory. */
  forget(threadIds: readonly string[]): void {
    for (const threadId of threadIds) this.#known.forget(threadId);
  }

  /** Copies a thread's whole history, ids of checkpoints included. */
  async copyThread(from: string, to: string): Promise<void> {
    await this.#database.sql.begin((tx) => copyCheckpoints(tx, from, to));
  }

  /**
   * Keeps the newest `keep` checkpoints of each namespace (paused subgraphs and what a DeltaChannel needs included) and returns how many
   * went. For threads at rest: a run that forks from a checkpoint meanwhile pruned would miss the values it inherits.
   */
  async prune(threadId: string, keep = 1): Promise<number> {
    return await this.#database.sql.begin((tx) => pruneCheckpoints(tx, threadId, Math.max(1, keep)));
  }

  /** Deletes what these runs wrote to a thread (a cancel with `rollback`); found by `metadata.run_id`. Returns how many checkpoints went. */
  async deleteForRuns(threadId: string, runIds: readonly string[]): Promise<number> {
    return await this.#database.sql.begin((tx) => deleteRunCheckpoints(tx, threadId, runIds));
  }

  override async getDeltaChannelHistory(options: { config: RunnableConfig; channels: string[] }): Promise<Record<string, DeltaChannelHistory>> {
    const address = findAddress(options.config);
    const result: Record<string, DeltaChannelHistory> = Object.fromEntries(options.channels.map((channel) => [channel, { writes: [] }]));
    if (address === null || options.channels.length === 0) return result;
    const rows = await readDeltaHistory(this.#database.sql, address.threadId, address.namespace, address.checkpointId ?? null, options.channels);
    for (const { taskId, channel, type, body } of rows.writes)
      result[channel]?.writes.push([taskId, channel, (await this.serde.loadsTyped(type, body)) as unknown]);
    for (const { channel, type, body } of rows.seeds) {
      const history = result[channel];
      if (history) history.seed = await loadBlob(this.serde, type, body, rows.parts);
    }
    return result;
  }

  /** Tells the worker too: with durability `async` the graph learns of it steps later. */
  #leaseLost(fence: Fence | null): AppError {
    if (fence !== null) this.#onLeaseLost?.(fence);
    return new AppError("lease_lost", "Another worker has taken this run over; nothing was written.", { details: fence ? { run_id: fence.runId } : {} });
  }

  async #dumpChannel(value: unknown): Promise<{ type: string; body: Uint8Array; tops: readonly Part[] }> {
    if (this.#splitsLists && Array.isArray(value) && value.length > 0 && value.every(hasJson)) {
      const elements = await this.#dumpElements(value);
      const list = splitList(elements);
      if (list) return { type: LIST_TYPE, body: list.root, tops: list.tops };
      return { type: "json", body: wholeList(elements.map(({ json }) => json)), tops: [] };
    }
    const [type, body] = await this.serde.dumpsTyped(value);
    return { type, body, tops: [] };
  }

  /** All of them are looked at before the first await. */
  async #dumpElements(list: readonly unknown[]): Promise<readonly ListElement[]> {
    const elements: ListElement[] = [];
    const writing: Promise<void>[] = [];
    for (let place = 0; place < list.length; place += 1) {
      const element = list[place];
      const known = this.#texts.find(element);
      if (known !== undefined) elements[place] = known;
      else writing.push(this.#dumpElement(element).then((dumped) => void (elements[place] = dumped)));
    }
    // a promise for each of a thousand that are known would cost more than finding them
    if (writing.length > 0) await Promise.all(writing);
    return elements;
  }

  async #dumpElement(element: unknown): Promise<ListElement> {
    // both before the first await: the graph goes on with the element
    const remember = this.#texts.look(element);
    const dumping = this.serde.dumpsTyped(element);
    const [, json] = await dumping;
    return remember(json);
  }

  async #read(query: CheckpointQuery): Promise<CheckpointPage> {
    const page = await readCheckpoints(this.#database.sql, query);
    for (const [threadId, generation] of page.generations) {
      const parts = page.parts.get(threadId);
      if (parts) this.#known.learn(threadId, generation, parts.keys());
    }
    return page;
  }

  async #assemble(page: CheckpointPage, head: CheckpointPage["heads"][number]): Promise<CheckpointTuple> {
    let sends: unknown[] | null = null;
    if (keepsSendsInParent(head)) {
      const rows = await readPendingSends(this.#database.sql, head.threadId, head.namespace, head.parentId ?? "");
      sends = await Promise.all(rows.map(async ({ type, body }) => (await this.serde.loadsTyped(type, body)) as unknown));
    }
    return await assembleTuple(this.serde, page, head, sends, this.#splitsLists ? this.#texts : null);
  }
}

/** False for what the serializer gives another form when it stands alone: such a list is stored whole. */
function hasJson(element: unknown): boolean {
  return !(element instanceof Uint8Array) && typeof element !== "function" && typeof element !== "symbol";
}

async function putAlone(sql: Sql, put: CheckpointPut): Promise<PutOutcome> {
  const [outcome] = await putCheckpoints(sql, [put], "wait");
  return outcome!;
}

/**
 * A run's write outlives a database that restarts: the step was done, and would be done again. Writing the same twice changes nothing, and the
 * fence refuses what comes too late. Who edits a state over HTTP is told at once instead.
 */
function patiently<T>(fence: ReturnType<typeof fenceOf>, write: () => Promise<T>): Promise<T> {
  return fence === null ? write() : retrying(write, { attempts: 10, when: isConnectionLost });
}
