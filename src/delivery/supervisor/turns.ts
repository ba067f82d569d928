/** Runs tasks one after the other. `busy()` is true while one runs or waits. */
export interface Turns {
  <T>(task: () => Promise<T>): Promise<T>;
  busy(): boolean;
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const run = <T>(task: () => Promise<T>): Promise<T> => {
    waiting += 1;
    const result = last.then(task, task).finally(() => {
      waiting -= 1;
    });
    last = result.catch(() => {});
    return result;
  };
  return Object.assign(run, { busy: () => waiting > 0 });
}
