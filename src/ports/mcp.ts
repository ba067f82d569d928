import type { JsonObject } from "#protocol/wire.ts";

/** A tool of an MCP server that the installation configured. */
export interface McpTool {
  /** `mcp_<server>_<tool>`, unique, at most 64 letters, digits, `_` and `-`. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly inputSchema: JsonObject;
  /** Its server says that it changes nothing. */
  readonly readOnly: boolean;
}

/** The tools of the configured MCP servers. Their credentials are the installation's, the same for everybody who may run an agent. */
export interface McpPort {
  /**
   * Those of the servers that answer, in a stable order; one that is down is left out, named in the log and asked again later. Throws only when
   * the signal aborts: a server that is connecting may take half a minute.
   */
  tools(options?: { signal?: AbortSignal }): Promise<readonly McpTool[]>;
  /** What the tool answers, as text. A failure, of the tool or of its server, is a text too. Throws only when the signal aborts. */
  call(name: string, args: JsonObject, options: { signal?: AbortSignal }): Promise<{ text: string; failed: boolean }>;
}
