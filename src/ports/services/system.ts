import type { SandboxLevel } from "../commands.ts";
import type { ModelMode } from "../models.ts";

/** What this process is. */
export interface SystemService {
  /** True once migrations are done, graphs are loaded and work can be taken. */
  ready(): boolean;
  info(): { version: string; langgraph_js_version: string; sandbox: SandboxLevel; models: ModelMode; graphs: { id: string; error: string | null }[] };
}
