import type { RunPorts } from "#ports/run.ts";
import { isDeployedSource, scanEnvironment, type EnvironmentScan } from "./scan-environment.ts";

const MAX_FILES = 60;

/** Reads the files that mention the environment. Their text is scanned whole: a read may span lines. */
export async function scanDelivery(ports: RunPorts, deliveryId: string): Promise<EnvironmentScan> {
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
