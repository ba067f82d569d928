import { z } from "zod";

/** What a conversation remembers of the team work it started. The key everywhere is `call`; outcomes carry it. */
export const StartedWork = z.object({
  call: z.string(),
  team: z.enum(["engineering", "devops"]),
  threadId: z.string(),
  projectId: z.string(),
  projectName: z.string(),
  /** What the person wants in the end; decides whether a green delivery goes on to deployment. */
  deliver: z.enum(["service", "code"]),
  status: z.enum(["running", "waiting", "done", "failed", "cancelled"]),
});
export type StartedWork = z.infer<typeof StartedWork>;
