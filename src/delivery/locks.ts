/**
 * One thing at a time per key in this process. File tools, git and confined commands of one delivery share a key, so that a program in the
 * sandbox can never swap a folder for a link between a path's check and its use.
 */
const tails = new Map<string, Promise<unknown>>();

/** Runs `work` after everything that was queued before under `key`, whether that failed or not. Not reentrant. */
export async function exclusively<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const before = tails.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.then(
    () => undefined,
    () => undefined,
  );
  tails.set(key, settled);
  try {
    return await mine;
  } finally {
    if (tails.get(key) === settled) tails.delete(key);
  }
}

export const deliveryKey = (deliveryId: string): string => `delivery:${deliveryId}`;
export const projectKey = (projectId: string): string => `project:${projectId}`;
