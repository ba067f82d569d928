import type { CallToolResult } from "@modelcontextprotocol/client";

/** What a tool answered, as text for a model: pictures and sounds are only named, a file is its text or its address. */
export function resultText({ content, structuredContent }: CallToolResult): string {
  const parts = content.map((part) => {
    if (part.type === "text") return part.text;
    if (part.type === "resource") return "text" in part.resource ? part.resource.text : `[${part.resource.mimeType ?? "a file"}: ${part.resource.uri}]`;
    if (part.type === "resource_link") return `[${part.name}: ${part.uri}]`;
    return `[${part.type}: ${part.mimeType}]`;
  });
  if (parts.length > 0) return parts.join("\n");
  return structuredContent === undefined ? "(it answered nothing)" : JSON.stringify(structuredContent);
}
