import type { EnvironmentName } from "#graphs/devops/state.ts";
import type { RunPorts } from "#ports/run.ts";
import { classifyName, isSensitive } from "./classify-name.ts";
import type { Judgement } from "./judge-names.ts";
import { isDeployedSource, type EnvironmentScan } from "./scan-environment.ts";

/** What the scan found, each name with its class and where its value comes from; of what only a model named, what stands in the code. */
export async function environmentNames(ports: RunPorts, deliveryId: string, scan: EnvironmentScan, judged: readonly Judgement[]): Promise<EnvironmentName[]> {
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
