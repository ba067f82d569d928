import { AppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import { lastAttempt, type EngineeringNode } from "#graphs/engineering/state.ts";
import { signalOf } from "../shared/signal-of.ts";
import { afterRed } from "./after-red.ts";
import { checkpointOf } from "./checkpoint.ts";
import { executedTests, verdict } from "./verdict.ts";

/** Has the harness run the tests at the attempt's commit. An infrastructure failure throws: it is retried and costs no round. */
export const tester: EngineeringNode = async (state, runtime) => {
  const { tests, projects, run } = portsOf(runtime);
  const attempt = lastAttempt(state);
  if (state.plan === null || attempt === null) throw new AppError("internal", "There is no attempt to test.");
  const ids = { projectId: state.project_id, deliveryId: state.delivery_id };
  const report = await tests.run({
    reportId: attempt.report_id,
    ...ids,
    commitSha: attempt.commit_sha,
    stack: state.stack,
    command: state.plan.test_command,
    baselineReportId: state.baseline_report_id,
    ...signalOf(runtime),
  });
  if (report.commitSha !== attempt.commit_sha) {
    throw new AppError("test_infrastructure", `Report ${report.id} is about commit ${report.commitSha}, not about ${attempt.commit_sha}.`);
  }
  const judged = { ...attempt, ...verdict({ report, baseTests: state.base_tests, knownTests: state.known_tests }) };
  const attempts = [...state.attempts.slice(0, -1), judged];
  await projects.recordStep({
    ...ids,
    ...checkpointOf(runtime, run),
    node: "tester",
    round: state.round,
    commitSha: attempt.commit_sha,
    reportId: report.id,
    releaseId: null,
  });
  return {
    attempts,
    known_tests: [...new Set([...state.known_tests, ...executedTests(report)])],
    ...(judged.green ? {} : afterRed(attempts, state.max_rounds)),
  };
};
