import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import type { GraphNode } from "@langchain/langgraph";
import { z } from "zod";
import { isAppError } from "#errors";
import { portsOf } from "#graphs/context.ts";
import type { DevopsState, EnvironmentName } from "#graphs/devops/state.ts";
import type { RunPorts } from "#ports/run.ts";
import { environmentInstructions, environmentMaterial, type EnvironmentFacts } from "#prompts/devops/analyse-environment.ts";
import { askStructured } from "../shared/ask-structured.ts";
import { classifyName, isSensitive } from "./classify-name.ts";
import { orderOf } from "./order.ts";
import { refuse } from "./refuse.ts";
import { isDeployedSource, scanEnvironment, type EnvironmentScan } from "./scan-environment.ts";

/**
 * Which environment names the code reads, and where each value comes from. The scan decides what is read and what a name alone makes
 * certain; the model judges the rest and tells a person what a value is for. Where everything is certain no model is asked.
 */
export const analyseEnvironment: GraphNode<typeof DevopsState> = async (state, config) => {
  const ports = portsOf(config);
  const order = orderOf(state);
  const project = await ports.projects.get(order.project_id);
  const delivery = (await ports.projects.deliveries(project.id)).find((one) => one.id === order.delivery_id);
  if (delivery === undefined) return { result: await refuse(ports, state, "noDelivery") };
  if (project.spec === null) return { result: await refuse(ports, state, "noSpec") };
  await ports.workspaces.prepare({ projectId: project.id, deliveryId: delivery.id, stack: project.stack, projectName: project.name });
  const scan = await scanDelivery(ports, delivery.id);
  const rest = scan.uses.filter((use) => ["generated", "computed", "public", "system"].every((certain) => classifyName(use.name, use.hasDefault) !== certain));
  const facts = { goal: project.goal, stack: project.stack, language: order.language, names: rest, dynamic: scan.dynamic };
  const judged = rest.length === 0 && scan.dynamic.length === 0 ? [] : await askModel(ports, facts, config.signal);
  return { environment: await merge(ports, delivery.id, scan, judged) };
};

const MAX_FILES = 60;

/** Reads the files that mention the environment. Their text is scanned whole: a read may span lines. */
async function scanDelivery(ports: RunPorts, deliveryId: string): Promise<EnvironmentScan> {
  const paths = new Set<string>();
  for (const pattern of ["process.env", "environ", "getenv"]) {
    for (const hit of await ports.workspaces.search(deliveryId, { pattern, limit: 400 })) if (isDeployedSource(hit.path)) paths.add(hit.path);
  }
  const whole: EnvironmentScan = { uses: [], dynamic: [] };
  for (const path of [...paths].toSorted().slice(0, MAX_FILES)) {
    const { text } = await ports.workspaces.readFile(deliveryId, { path });
    const { uses, dynamic } = scanEnvironment(path, text);
    whole.dynamic.push(...dynamic);
    for (const use of uses) {
      const known = whole.uses.find((one) => one.name === use.name);
      if (known === undefined) whole.uses.push(use);
      else known.hasDefault ||= use.hasDefault;
    }
  }
  return whole;
}

const Judged = z.object({
  names: z.array(
    z.object({
      name: z.string(),
      class: z.enum(["generated", "computed", "user", "public"]),
      purpose: z.string().default(""),
      where: z.string().default(""),
      value: z.string().nullable().default(null),
    }),
  ),
});
type Judgement = z.infer<typeof Judged>["names"][number];

/** An answer that cannot be read leaves the names to the person: asking once too often is better than a made-up key. */
async function askModel(ports: RunPorts, facts: EnvironmentFacts, signal: AbortSignal | undefined): Promise<Judgement[]> {
  try {
    const messages = [new SystemMessage(environmentInstructions), new HumanMessage(environmentMaterial(facts))];
    const answer = await askStructured(ports.models.chat("reviewer"), {
      name: "classify_environment",
      description: "Files the environment names.",
      schema: Judged,
      messages,
      signal,
    });
    return answer.names;
  } catch (error) {
    if (isAppError(error) && error.code === "model_answer_unusable") return [];
    throw error;
  }
}

async function merge(ports: RunPorts, deliveryId: string, scan: EnvironmentScan, judged: readonly Judgement[]): Promise<EnvironmentName[]> {
  const names: EnvironmentName[] = [];
  for (const { name, hasDefault } of scan.uses) {
    const certain = classifyName(name, hasDefault);
    if (certain === "system") continue;
    names.push(
      settle(
        name,
        hasDefault,
        certain,
        judged.find((one) => one.name === name),
      ),
    );
  }
  for (const judgement of judged) {
    const { name } = judgement;
    if (scan.dynamic.length === 0 || names.some((one) => one.name === name) || !/^[A-Za-z_]\w{0,63}$/u.test(name)) continue;
    const certain = classifyName(name, false);
    if (certain === "system" || certain === "computed") continue;
    // a name that stands nowhere in the code is an invention
    const hits = await ports.workspaces.search(deliveryId, { pattern: name, limit: 50 });
    if (hits.some((hit) => isDeployedSource(hit.path) && new RegExp(`\\b${name}\\b`, "u").test(hit.text))) names.push(settle(name, false, certain, judgement));
  }
  return names.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function settle(name: string, hasDefault: boolean, certain: EnvironmentName["class"] | null, judgement: Judgement | undefined): EnvironmentName {
  let made = certain ?? judgement?.class ?? "user";
  if (certain === null && made === "computed") made = "user";
  // a secret is never plain configuration, and plain configuration needs a value from somewhere
  if (made === "public" && certain === null && (isSensitive(name) || (!hasDefault && (judgement?.value ?? "") === ""))) made = "user";
  const value = made === "public" && !hasDefault ? (judgement?.value ?? null) : null;
  return { name, class: made, purpose: judgement?.purpose ?? "", where: judgement?.where ?? "", value };
}
