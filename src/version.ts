import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Ours, as clients and other servers are told it. */
export const VERSION = versionIn(new URL("../package.json", import.meta.url));

/** Of the LangGraph that runs graphs here. */
export const LANGGRAPH_VERSION = versionIn(new URL("../package.json", import.meta.resolve("@langchain/langgraph")));

function versionIn(manifest: URL): string {
  const parsed: unknown = JSON.parse(readFileSync(fileURLToPath(manifest), "utf8"));
  return typeof parsed === "object" && parsed !== null && "version" in parsed ? String(parsed.version) : "unknown";
}
