import type { AgentCard } from "@a2a-js/sdk";
import type { Assistant } from "#protocol/wire.ts";

/** What an assistant says of itself. `url`: where its messages go. */
export function agentCard(assistant: Assistant, url: string): AgentCard {
  const description = assistant.description ?? `Runs the graph "${assistant.graph_id}".`;
  const reads = { inputModes: ["text/plain", "application/json"], outputModes: ["text/plain", "application/json"] };
  const speaks = (protocolVersion: string) => ({ url, protocolBinding: "JSONRPC", tenant: "", protocolVersion });
  return {
    name: assistant.name,
    description,
    supportedInterfaces: [speaks("1.0"), speaks("0.3")],
    provider: undefined,
    version: String(assistant.version),
    capabilities: { streaming: true, pushNotifications: false, extensions: [], extendedAgentCard: false },
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: reads.inputModes,
    defaultOutputModes: reads.outputModes,
    skills: [{ id: assistant.graph_id, name: assistant.name, description, tags: [assistant.graph_id], examples: [], securityRequirements: [], ...reads }],
    signatures: [],
  };
}

/** Fields that clients of version 0.3 look for; those of 1.0 pass over them. */
export function fieldsOfOldCards(url: string): Record<string, unknown> {
  return {
    url,
    protocolVersion: "0.3.0",
    preferredTransport: "JSONRPC",
    additionalInterfaces: [{ url, transport: "JSONRPC" }],
    supportsAuthenticatedExtendedCard: false,
  };
}
