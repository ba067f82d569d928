import { isAppError } from "#errors";
import type { Log } from "#log";

/** What a served graph leaves behind that no run can catch ends no process: the other runs are not at fault. */
export function outliveGraphs(log: Log): void {
  // a forgotten promise; what is awaited anywhere never comes here
  process.on("unhandledRejection", (reason) => {
    // LangGraph awaits the writes of a step later than they fail; the worker stops such a run by itself
    if (isAppError(reason) && reason.code === "lease_lost") return;
    log.error({ err: reason }, "a promise failed and nobody waited for it: look for a missing await in a graph");
  });
  process.on("uncaughtException", (error) => log.error({ err: error }, "an exception outside of any run: look for a timer or a listener in a graph"));
}
