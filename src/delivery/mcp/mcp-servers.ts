import { isAppError } from "#errors";
import type { Log } from "#log";
import type { McpPort, McpTool } from "#ports/mcp.ts";
import type { NamedServer } from "./mcp-config.ts";
import { McpConnection } from "./mcp-connection.ts";
import { resultText } from "./mcp-result-text.ts";
import { unlessAborted } from "./unless-aborted.ts";

export interface McpServers extends McpPort, AsyncDisposable {}

interface Known extends McpTool {
  readonly connection: McpConnection;
  readonly tool: string;
}

/** The configured MCP servers of a process: each is connected once, restarted when it dies, and ended with the process. */
export function createMcpServers(servers: readonly NamedServer[], { log, now = () => performance.now() }: { log: Log; now?: () => number }): McpServers {
  const connections = servers.map((server) => new McpConnection(server, now));
  const told = new Map<string, string>();

  async function toolsOf(connection: McpConnection): Promise<Known[]> {
    try {
      const tools = await connection.tools();
      if (told.delete(connection.name)) log.info({ server: connection.name }, "an MCP server answers again");
      return tools.map((tool) => ({
        connection,
        tool: tool.name,
        name: `mcp_${plain(connection.name)}_${plain(tool.name)}`.slice(0, 64),
        description: tool.description ?? tool.title ?? tool.name,
        inputSchema: schemaOf(tool.inputSchema),
        readOnly: tool.annotations?.readOnlyHint === true,
      }));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (told.get(connection.name) !== reason) log.warn({ server: connection.name }, reason);
      told.set(connection.name, reason);
      return [];
    }
  }

  async function known(): Promise<Known[]> {
    const all = (await Promise.all(connections.map(toolsOf))).flat();
    const taken = new Set<string>();
    return all.map((tool) => {
      let { name } = tool;
      for (let count = 2; taken.has(name); count += 1) name = `${tool.name.slice(0, 60)}_${count}`;
      taken.add(name);
      return { ...tool, name };
    });
  }

  return {
    async tools({ signal } = {}) {
      return (await unlessAborted(known(), signal)).map(({ name, description, inputSchema, readOnly }) => ({ name, description, inputSchema, readOnly }));
    },
    async call(name, args, { signal }) {
      const chosen = (await unlessAborted(known(), signal)).find((tool) => tool.name === name);
      if (chosen === undefined) {
        const down = [...told.values()].join(" ");
        return { text: `There is no tool "${name}" now.${down === "" ? "" : ` ${down}`}`, failed: true };
      }
      try {
        const result = await chosen.connection.call(chosen.tool, args, signal);
        return { text: chosen.connection.masked(resultText(result)), failed: result.isError === true };
      } catch (error) {
        signal?.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        if (isAppError(error)) return { text: reason, failed: true };
        return { text: `The MCP server "${chosen.connection.name}" did not do it: ${chosen.connection.masked(reason)}`, failed: true };
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

function plain(name: string): string {
  return name.replaceAll(/[^\w-]+/g, "_");
}

/** Without the draft, which some models' endpoints refuse. */
function schemaOf(schema: Record<string, unknown>): Record<string, unknown> {
  const { $schema: _, ...rest } = schema;
  return { properties: {}, ...rest, type: "object" };
}
