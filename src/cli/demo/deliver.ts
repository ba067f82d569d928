import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "@langchain/langgraph-sdk";
import colors from "picocolors";
import { toAppError } from "#errors";
import { DevopsResult, EngineeringResult } from "#protocol/team-work.ts";
import { decide, Question } from "./decide.ts";
import { followThread } from "./follow-thread.ts";
import type { Ask } from "./keyboard.ts";
import { narrate } from "./narrate.ts";

export interface Delivered {
  /** The conversation; `closeConversation` it when everything about it is done. */
  threadId: string;
  projectId: string | null;
  url: string | null;
  directUrl: string | null;
  healthPath: string;
  summary: string;
}

interface Followed {
  threadId: string;
  team: string;
  read: ReturnType<typeof followThread>;
}

const LOOK_EVERY_MS = 300;
/** News of a team needs a moment to wake the conversation, so quiet counts only after some looks. */
const QUIET_LOOKS = 15;

/**
 * Sends the request to the product owner (or finds the conversation where an interrupted demo left it), shows what every team does,
 * answers what is asked, and ends with devops' result, or with the reason why it never came to one.
 */
export async function deliver(input: { client: Client; request: string; yes: boolean; ask: Ask }): Promise<Delivered> {
  const { client, request } = input;
  const threadId = await openConversation(client, request);
  const followed = new Map<string, Followed>([[threadId, { threadId, team: "product owner", read: followThread(client, threadId) }]]);
  const answered = new Set<string>();
  const introduced = new Set<string>();
  let healthPath = "/";
  let said = "";
  let ended: Delivered | null = null;
  let looksAfterEnd = 0;
  let quietLooks = 0;
  let projectId: string | null = null;
  const nothing = (summary: string): Delivered => ({ threadId, projectId, url: null, directUrl: null, healthPath, summary });

  for (;;) {
    const children = await client.threads.search({ metadata: { parent_thread_id: threadId }, limit: 100, sortBy: "created_at", sortOrder: "asc" });
    for (const child of children) {
      if (followed.has(child.thread_id)) continue;
      const team = String(child.metadata?.["graph_id"] ?? "team");
      followed.set(child.thread_id, { threadId: child.thread_id, team, read: followThread(client, child.thread_id) });
    }

    const news = (await Promise.all([...followed.values()].map(async (one) => (await one.read()).map((task) => ({ team: one.team, task }))))).flat();
    for (const { team, task } of news.toSorted((a, b) => (a.task.at ?? "").localeCompare(b.task.at ?? ""))) {
      const lines = narrate(team, task);
      said += lines.join("\n");
      if (lines.length > 0 && team !== "product owner" && !introduced.has(task.threadId)) {
        introduced.add(task.threadId);
        console.log(`\n${colors.bold(team)} ${colors.dim("starts, on a thread of its own")}`);
      }
      for (const line of lines) console.log(line);
      const engineered = EngineeringResult.safeParse(task.update["result"]);
      if (engineered.success) {
        projectId = engineered.data.project_id;
        healthPath = engineered.data.health_path ?? healthPath;
        if (engineered.data.status !== "green") ended = nothing(engineered.data.summary);
      }
      const deployed = DevopsResult.safeParse(task.update["result"]);
      if (deployed.success) {
        const { url, direct_url: directUrl, summary, status } = deployed.data;
        ended = status === "live" ? { threadId, projectId, url, directUrl, healthPath, summary } : nothing(summary);
      }
    }
    // what the product owner says about the end comes a moment later
    if (ended !== null && (news.some(({ team }) => team === "product owner") || (looksAfterEnd += 1) > 10)) return ended;

    const thread = await client.threads.get(threadId);
    const pending = Object.values(thread.interrupts ?? {}).flat()[0];
    const question = Question.safeParse(pending?.value);
    if (pending?.id !== undefined && question.success && thread.status === "interrupted" && !answered.has(pending.id)) {
      const answer = await decide(question.data, { yes: input.yes, told: said.includes(question.data.description), ask: input.ask });
      answered.add(pending.id);
      await client.runs
        .create(threadId, "product_owner", { command: { resume: { [pending.id]: answer } }, multitaskStrategy: "enqueue" })
        .catch((error: unknown) => console.log(`  ${colors.yellow("not counted:")} ${toAppError(error).message}`));
    } else if (ended === null && thread.status === "error") {
      return nothing("the product owner's run failed; the server's log says why");
    }
    const atRest = thread.status === "idle" && children.every((child) => child.status === "idle" || child.status === "error");
    quietLooks = ended === null && atRest && (await isQuiet(client, threadId)) ? quietLooks + 1 : 0;
    if (quietLooks >= QUIET_LOOKS) {
      return nothing(
        children.length === 0 ? "the product owner started nothing; its answer is above" : "the teams stopped before the end; the product owner says why above",
      );
    }
    await pause(LOOK_EVERY_MS);
  }
}

/** The newest conversation about this request that has not come to its end, or a new one with the message sent. */
async function openConversation(client: Client, request: string): Promise<string> {
  const open = await client.threads.search({ metadata: { demo: "open", demo_request: request }, limit: 1 });
  const threadId =
    open[0]?.thread_id ?? (await client.threads.create({ metadata: { demo: "open", demo_request: request, graph_id: "product_owner" } })).thread_id;
  if (open[0] !== undefined) console.log(colors.yellow("An earlier demo was interrupted; this goes on where it was.\n"));
  console.log(`${colors.bold("you".padEnd(15))} ${request}`);
  const runs = await client.runs.list(threadId, { limit: 1 });
  if (runs.length === 0) await client.runs.create(threadId, "product_owner", { input: { messages: [{ role: "user", content: request }] } });
  return threadId;
}

async function isQuiet(client: Client, threadId: string): Promise<boolean> {
  const runs = await client.runs.list(threadId, { limit: 10 });
  return runs.length > 0 && runs.every((run) => run.status !== "pending" && run.status !== "running");
}

/** Marks the conversation as told to its end, so that the next demo begins a new one. */
export async function closeConversation(client: Client, threadId: string): Promise<void> {
  await client.threads.update(threadId, { metadata: { demo: "done" } });
}
