import { tool } from "@langchain/core/tools";
import { z } from "zod";
import type { Project } from "#ports/projects.ts";
import type { TeamWork } from "#ports/teams.ts";
import type { EngineeringOrder } from "#protocol/team-work.ts";
import { closeDelivery, findProject } from "./find-project.ts";
import { creationKey, ProjectName } from "./project.ts";
import { callOf, type ToolContext } from "./tool-context.ts";

const isActive = (work: TeamWork) => work.status === "running" || work.status === "waiting";

/** Starts engineering on a thread of its own. One delivery of a project at a time. */
export function makeStartDelivery(context: ToolContext) {
  const { ports, language, deliver } = context;
  return tool(
    async ({ project_name: name, is_new_project: isNew, stack, goal, request }, config) => {
      const call = callOf(config);
      const project = isNew ? await ports.projects.create({ call: creationKey(name), name, goal, stack }) : await findProject(ports.projects, name);
      if (typeof project === "string") return `${project} Set is_new_project to true to make a new one.`;
      const busy = await whatIsInTheWay(context, project, call);
      if (busy !== null) return busy;
      const order: EngineeringOrder = { project_id: project.id, project_name: project.name, stack: project.stack, request, language };
      const work = await ports.teams.start({ call, team: "engineering", projectId: project.id, input: order });
      context.remember({ call, team: "engineering", threadId: work.threadId, projectId: project.id, projectName: project.name, deliver, status: "running" });
      const then =
        deliver === "service"
          ? "When the tests are green, the deployment is prepared by itself and the person is asked to approve it."
          : "The person wants the code only: nothing will be deployed.";
      return `Engineering has started on "${project.name}". First they write a plan, which the person will be asked to approve here. ${then} Tell the person in one or two sentences; you will be woken up with news, so do not wait or check.`;
    },
    {
      name: "start_delivery",
      description:
        "Hands a clear request to the engineering team: they plan, build and test it in a git repository of the project, which is created when it is new. Call it once per request.",
      schema: z.object({
        project_name: ProjectName.describe('Short name of the software, one to three words, e.g. "polls"'),
        is_new_project: z.boolean().describe("true for new software, false to change a project that exists"),
        stack: z.enum(["node", "python"]).describe("What the person asked for; node when they do not care"),
        goal: z.string().min(1).describe("What it is for, one sentence in the person's language"),
        request: z.string().min(1).describe("The whole request in the person's own words, with every answer they gave to questions; nothing added"),
      }),
    },
  );
}

async function whatIsInTheWay({ ports }: ToolContext, project: Project, call: string): Promise<string | null> {
  const works = await ports.teams.list();
  const mine = works.find((work) => work.call === call);
  if (mine !== undefined) return null;
  const running = works.find((work) => work.projectId === project.id && isActive(work));
  if (running !== undefined)
    return `The ${running.team} team is already at work on "${project.name}" (${describe(running)}). One delivery at a time: wait for it, or stop it with stop_delivery.`;
  const known = new Set(works.map((work) => work.threadId));
  const elsewhere = (await ports.projects.deliveries(project.id)).find(
    (delivery) => !known.has(delivery.id) && (delivery.status === "planning" || delivery.status === "building"),
  );
  return elsewhere === undefined
    ? null
    : `Another conversation is already having "${project.name}" built: ${elsewhere.request.slice(0, 200)}. One delivery at a time.`;
}

/** Where the teams of this conversation stand, without a single number that differs between two equal deliveries. */
export function makeDeliveryStatus({ ports, works }: ToolContext) {
  return tool(
    async () => {
      const known = (await ports.teams.list()).filter((work) => Object.hasOwn(works, work.call));
      if (known.length === 0) return "No team has been given work in this conversation.";
      const lines = known.map(async (work) => {
        const memory = works[work.call];
        const deliveries = memory === undefined || work.team !== "engineering" ? [] : await ports.projects.deliveries(memory.projectId);
        const rounds = deliveries.find((delivery) => delivery.id === work.threadId)?.rounds;
        return `- ${work.team} on "${memory?.projectName ?? "a project"}": ${describe(work)}${rounds === undefined ? "" : `, round ${Math.max(1, rounds)}`}`;
      });
      return (await Promise.all(lines)).join("\n");
    },
    {
      name: "delivery_status",
      description: "Tells where the engineering and devops work of this conversation stands right now: team, step, round, whether it waits for the person.",
      schema: z.object({}),
    },
  );
}

function describe(work: TeamWork): string {
  if (work.status === "running") return work.step === null ? "just starting" : `working, now at the step "${work.step}"`;
  if (work.status === "waiting") return `waiting for the person's decision${work.step === null ? "" : ` at the step "${work.step}"`}`;
  return { done: "ended", failed: `broke off (${work.error ?? "unknown error"})`, cancelled: "stopped" }[work.status];
}

/** Stops the teams of this conversation on a project. */
export function makeStopDelivery(context: ToolContext) {
  const { ports, works } = context;
  return tool(
    async ({ project: name }) => {
      const project = await findProject(ports.projects, name);
      if (typeof project === "string") return project;
      const active = (await ports.teams.list()).filter((work) => work.projectId === project.id && isActive(work));
      if (active.length === 0) return `No team of this conversation is at work on "${project.name}".`;
      for (const work of active) {
        await ports.teams.cancel(work.call);
        await closeDelivery(ports.projects, project.id, work.threadId);
        const memory = works[work.call];
        if (memory !== undefined) context.remember({ ...memory, status: "cancelled" });
      }
      return `Stopped: ${active.map((work) => work.team).join(", ")} on "${project.name}". What was committed stays.`;
    },
    {
      name: "stop_delivery",
      description: "Stops the team that is at work on a project, when the person asks for it.",
      schema: z.object({ project: ProjectName }),
    },
  );
}
