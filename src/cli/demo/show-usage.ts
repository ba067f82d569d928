import colors from "picocolors";
import { z } from "zod";

const WithUsage = z.object({ usage: z.object({ calls: z.number(), input_tokens: z.number(), output_tokens: z.number(), replayed: z.number() }) });

/** One line on what the models' words cost; nothing when the project does not exist. */
export async function showUsage(serverUrl: string, projectId: string | null): Promise<void> {
  if (projectId === null) return;
  const response = await fetch(`${serverUrl}/projects/${projectId}`);
  const parsed = WithUsage.safeParse(await response.json());
  if (!parsed.success) return;
  const { calls, input_tokens: read, output_tokens: written, replayed } = parsed.data.usage;
  const origin = replayed === calls ? ", all replayed: nothing was paid" : "";
  console.log(`\n${colors.bold("cost")}            ${calls} model calls, ${read} tokens read, ${written} written${origin}`);
}
