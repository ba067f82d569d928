import { BoundedLog } from "../bounded-log.ts";
import type { Sandbox, SandboxBind, SandboxResult } from "../sandbox/sandbox.ts";
import { ReportChannel } from "./channel.ts";
import { HARNESS, REPORT_BYTES, TEST_ENVIRONMENT, type RunnerContext } from "./harness-files.ts";

export interface ReportedRun {
  result: SandboxResult;
  channel: ReportChannel;
  /** End of what it printed, for a run that did not finish. */
  tail: string;
}

const TAIL = 3_000;

/**
 * One program of the harness in the sandbox, within what is left of the run's time and output. It learns the channel's secret from the
 * first line of its input, before any line of the project runs; `input` follows.
 */
export async function runReported(
  run: RunnerContext & { sandbox: Sandbox },
  program: { argv: string[]; project: SandboxBind; binds?: SandboxBind[]; input?: string },
): Promise<ReportedRun> {
  const channel = new ReportChannel();
  const log = new BoundedLog(16_000);
  const result = await run.sandbox.run({
    argv: program.argv,
    cwd: run.sandbox.inside(program.project),
    binds: [program.project, ...(program.binds ?? []), HARNESS],
    identity: run.identity,
    env: TEST_ENVIRONMENT,
    stdin: `${channel.secret}\n${program.input ?? ""}`,
    wallMs: Math.max(1, run.deadline - Date.now()),
    outputBytes: Math.max(1, run.outputLeft()),
    onOutput: (chunk) => {
      log.add(chunk);
      run.log(chunk);
    },
    onReport: (chunk) => channel.add(chunk),
    reportBytes: REPORT_BYTES,
    ...(run.signal === undefined ? {} : { signal: run.signal }),
  });
  channel.close();
  return { result, channel, tail: log.tail(TAIL) };
}
