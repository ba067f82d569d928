import type { CheckpointPut, PutOutcome } from "#db/queries/put-checkpoints.ts";

interface Waiting {
  readonly put: CheckpointPut;
  readonly settle: (outcome: PutOutcome) => void;
  readonly fail: (error: unknown) => void;
}

/** Half of what a process runs at a time by default, so that one half computes while the other is written. */
const MOST_IN_ONE = 5;
/** Bytes; what is larger takes the database longer than a statement of its own costs. */
const LARGE = 64 * 1024;

/**
 * Checkpoints of different runs that become ready within one turn of the event loop are written together: a third of the statements and of the
 * flushes where ten runs take short steps, and no waiting for one that runs alone.
 *
 * A group is one transaction that waits for nobody. Whatever it leaves out, because somebody holds its run or its thread or because it comes
 * too late, and all of it when anything is wrong with any of it, is then written alone, where it may wait and where its error is its own.
 */
export class CheckpointGroups {
  readonly #sendGroup: (puts: readonly CheckpointPut[]) => Promise<PutOutcome[]>;
  readonly #sendAlone: (put: CheckpointPut) => Promise<PutOutcome>;
  #ready: Waiting[] = [];

  constructor(send: { group: (puts: readonly CheckpointPut[]) => Promise<PutOutcome[]>; alone: (put: CheckpointPut) => Promise<PutOutcome> }) {
    this.#sendGroup = send.group;
    this.#sendAlone = send.alone;
  }

  /** Settles once the checkpoint is written or refused. */
  put(put: CheckpointPut): Promise<PutOutcome> {
    if (isLarge(put)) return this.#sendAlone(put);
    return new Promise((settle, fail) => {
      if (this.#ready.push({ put, settle, fail }) === 1) setImmediate(() => this.#leave());
    });
  }

  #leave(): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const group of groupsOf(ready)) void this.#write(group);
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    let outcomes: readonly PutOutcome[] = [];
    if (group.length > 1) {
      try {
        outcomes = await this.#sendGroup(group.map(({ put }) => put));
      } catch {
        // each of them hears of its own error
      }
    }
    for (const [place, { put, settle, fail }] of group.entries()) {
      const outcome = outcomes[place];
      if (outcome?.written) settle(outcome);
      else void this.#sendAlone(put).then(settle, fail);
    }
  }
}

/** Of one thread at most one in each. */
function groupsOf(ready: readonly Waiting[]): Waiting[][] {
  const groups: { threads: Set<string>; members: Waiting[] }[] = [];
  for (const member of ready) {
    const { threadId } = member.put.row;
    let group = groups.find(({ threads }) => threads.size < MOST_IN_ONE && !threads.has(threadId));
    if (group === undefined) groups.push((group = { threads: new Set(), members: [] }));
    group.threads.add(threadId);
    group.members.push(member);
  }
  return groups.map(({ members }) => members);
}

function isLarge({ row }: CheckpointPut): boolean {
  let size = row.checkpoint.length + row.metadata.length;
  for (const { body } of row.blobs) size += body.length;
  for (const { body } of row.parts) size += body.length;
  for (const { writes } of row.writes) for (const { body } of writes) size += body.length;
  return size > LARGE;
}
