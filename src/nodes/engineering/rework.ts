import { HumanMessage, RemoveMessage } from "@langchain/core/messages";
import { REMOVE_ALL_MESSAGES } from "@langchain/langgraph";
import { AppError, isAppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import { lastAttempt, type EngineeringNode } from "#graphs/engineering/state.ts";
import type { TestReport } from "#ports/tests.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import { SHOWN_IN_FULL, failingCases, reworkPacket } from "#prompts/engineering/rework.ts";
import { roundBrief } from "./round-brief.ts";
import { topFrame } from "./top-frame.ts";
import { restoreTree } from "./working-tree.ts";

/** Opens the next round: the developer's conversation is replaced by the brief and a packet of what the harness saw. */
export const rework: EngineeringNode = async (state, runtime) => {
  const ports = portsOf(runtime);
  const { workspaces, tests } = ports;
  const { plan, base_sha: baseSha } = state;
  if (plan === null || baseSha === null) throw new AppError("internal", "There is no prepared workspace to go on with.");
  await restoreTree(ports, state);
  const round = state.round + 1;
  const attempt = lastAttempt(state);
  const brief = await roundBrief(workspaces, state, plan);
  const parts = [brief];
  // a round that ended without an attempt (the developer was stuck in it) has nothing to show
  if (attempt !== null && attempt.round === state.round) {
    const report = attempt.changed ? await tests.get(attempt.report_id) : null;
    parts.push(
      reworkPacket({
        attempt,
        report,
        sources: report === null ? {} : await sourcesOf(report, workspaces, state.delivery_id),
        diff: attempt.changed ? (await workspaces.diff(state.project_id, baseSha, attempt.commit_sha)).text : "",
        sameAsBefore: state.attempts.at(-2)?.fingerprint === attempt.fingerprint,
        roundsLeft: Math.max(0, state.max_rounds - round),
      }),
    );
  }
  return {
    round,
    developer_messages: [
      new RemoveMessage({ id: REMOVE_ALL_MESSAGES }),
      new HumanMessage({ id: `${state.delivery_id}:brief:${round}`, content: parts.join("\n\n---\n\n") }),
    ],
    calls_in_round: 0,
    silent_replies: 0,
    recent_actions: [],
    claim: null,
    stuck: null,
    answer: null,
  };
};

const LINES_AROUND = 7;

/** The lines of the project around each failure that is shown in full. */
async function sourcesOf(report: TestReport, workspaces: WorkspacesPort, deliveryId: string): Promise<Record<string, { path: string; text: string }>> {
  const sources: Record<string, { path: string; text: string }> = {};
  for (const { id, message } of failingCases(report).slice(0, SHOWN_IN_FULL)) {
    const frame = topFrame(message ?? "");
    if (frame === null) continue;
    const from = Math.max(1, frame.line - LINES_AROUND);
    try {
      const { text } = await workspaces.readFile(deliveryId, { path: frame.path, from, to: frame.line + LINES_AROUND });
      const lines = text.replace(/\n$/, "").split("\n");
      sources[id] = { path: frame.path, text: lines.map((line, index) => `${from + index === frame.line ? ">" : " "} ${from + index} | ${line}`).join("\n") };
    } catch (error) {
      // a message may name a file that the project does not have
      if (!isAppError(error) || !error.terminal) throw error;
    }
  }
  return sources;
}
