import colors from "picocolors";
import { z } from "zod";
import type { FinishedTask } from "./follow-thread.ts";

const ToolCall = z.object({ name: z.string(), args: z.record(z.string(), z.unknown()) });
const Message = z.object({ type: z.string(), content: z.unknown(), tool_calls: z.array(ToolCall).default([]) });
const Attempt = z.object({
  round: z.number(),
  commit_sha: z.string(),
  changed: z.boolean(),
  green: z.boolean(),
  outcome: z.string(),
  totals: z.object({ executed: z.number(), passed: z.number(), failed: z.number() }),
  failing: z.array(z.string()),
  findings: z.array(z.object({ code: z.string(), message: z.string(), blocking: z.boolean() })),
});

/** The fields of any node's update that are worth a line; everything else is left to `/threads/:id/history`. */
const Update = z.object({
  intent: z
    .object({ kind: z.string(), language: z.string(), groups: z.array(z.string()) })
    .nullish()
    .catch(null),
  messages: z.array(Message).catch([]).default([]),
  developer_messages: z.array(Message).catch([]).default([]),
  plan: z
    .object({ summary: z.string(), acceptance_criteria: z.array(z.string()), test_command: z.string() })
    .nullish()
    .catch(null),
  branch: z.string().nullish().catch(null),
  base_sha: z.string().nullish().catch(null),
  attempts: z.array(Attempt).nullish().catch(null),
  candidate: z
    .object({ tests: z.object({ executed: z.number(), passed: z.number() }), secretNames: z.array(z.string()) })
    .nullish()
    .catch(null),
  done: z
    .object({ status: z.string(), evidence: z.array(z.object({ phase: z.string(), ok: z.boolean(), message: z.string() })) })
    .nullish()
    .catch(null),
  result: z.object({ status: z.string(), summary: z.string() }).nullish().catch(null),
});

const TOOL_WORDS: Record<string, string> = {
  write_file: "writes",
  apply_diff: "edits",
  read_file: "reads",
  execute_command: "runs",
  search_in_code: "searches",
  list_files: "lists",
  delete_file: "deletes",
};

/** Turns one finished task into the lines that a person watching wants to see. Pure. */
export function narrate(team: string, task: FinishedTask): string[] {
  const update = Update.parse(task.update);
  const who = (name: string) => `  ${colors.dim("│")} ${colors.cyan(name.padEnd(17))}`;
  const lines: string[] = [];
  const said = update.messages
    .filter((message) => message.type === "ai")
    .map(textOf)
    .filter((text) => text !== "");
  for (const text of said) lines.push(`${colors.bold(team.padEnd(15))} ${text}`);
  if (update.intent) lines.push(`${who(task.node)}${update.intent.kind}, ${update.intent.language}, tools: ${update.intent.groups.join(", ") || "none"}`);
  if (update.plan) lines.push(`${who(task.node)}${update.plan.acceptance_criteria.length} acceptance criteria, tests with \`${update.plan.test_command}\``);
  if (update.branch && update.base_sha) lines.push(`${who(task.node)}branch ${update.branch} from ${update.base_sha.slice(0, 7)}`);
  for (const message of update.developer_messages) lines.push(...developerLines(message, who(task.node)));
  const attempt = update.attempts?.at(-1);
  if (attempt && task.node === "tester") lines.push(...attemptLines(attempt, who(task.node)));
  for (const step of update.done?.evidence ?? []) lines.push(`${who(task.node)}${step.ok ? colors.green("✓") : colors.red("✗")} ${step.message}`);
  if (update.result) lines.push(`${who(task.node)}${colors.bold(update.result.status)}${update.result.summary === "" ? "" : `: ${update.result.summary}`}`);
  return lines;
}

function developerLines(message: z.infer<typeof Message>, who: string): string[] {
  if (message.type !== "ai") return [];
  const said = textOf(message);
  const words = said === "" ? [] : [`${who}${colors.dim(`“${said.replaceAll(/\s+/g, " ").slice(0, 240)}”`)}`];
  const actions = message.tool_calls.flatMap((call) => {
    const word = TOOL_WORDS[call.name];
    const object = call.args["path"] ?? call.args["command"] ?? call.args["pattern"] ?? "";
    return word === undefined ? [] : [`${who}${word} ${String(object).split("\n")[0]?.slice(0, 100) ?? ""}`];
  });
  return [...words, ...actions];
}

function attemptLines(attempt: z.infer<typeof Attempt>, who: string): string[] {
  const { executed, passed, failed } = attempt.totals;
  const verdict = attempt.green ? colors.green(`✓ ${passed} of ${executed} tests pass`) : colors.red(`✗ ${failed} of ${executed} tests fail`);
  const head = `${who}round ${attempt.round}, commit ${attempt.commit_sha.slice(0, 7)}: ${attempt.changed ? verdict : "nothing was changed"}`;
  const failing = attempt.failing.slice(0, 5).map((id) => `${who}  ${colors.red("✗")} ${id}`);
  const findings = attempt.green
    ? []
    : attempt.findings
        .filter((finding) => finding.blocking && !(failed > 0 && finding.code === "exit_code"))
        .map((finding) => `${who}  ${colors.yellow("!")} ${finding.message}`);
  return [head, ...failing, ...findings];
}

function textOf(message: z.infer<typeof Message>): string {
  if (typeof message.content === "string") return message.content.trim();
  const Block = z.object({ type: z.literal("text"), text: z.string() });
  return Array.isArray(message.content)
    ? message.content
        .flatMap((block: unknown) => {
          const parsed = Block.safeParse(block);
          return parsed.success ? [parsed.data.text] : [];
        })
        .join("")
        .trim()
    : "";
}
