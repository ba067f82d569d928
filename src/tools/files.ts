import { tool } from "@langchain/core/tools";
import { z } from "zod";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import { cutMiddle, textOf } from "./tool-text.ts";

const LIST_LIMIT = 300;
const READ_LINES = 400;
const READ_CHARACTERS = 16_000;
const SEARCH_LIMIT = 60;

const path = z.string().min(1).describe("path relative to the project, e.g. src/server.js");

/** Reading and changing the files of one delivery. Paths outside it are refused by the port. */
export function makeFileTools(workspaces: WorkspacesPort, deliveryId: string) {
  return [
    makeListFiles(workspaces, deliveryId),
    makeReadFile(workspaces, deliveryId),
    makeSearchInCode(workspaces, deliveryId),
    makeWriteFile(workspaces, deliveryId),
    makeDeleteFile(workspaces, deliveryId),
    makeApplyDiff(workspaces, deliveryId),
  ];
}

function makeListFiles(workspaces: WorkspacesPort, deliveryId: string) {
  return tool(
    (input) =>
      textOf(async () => {
        const files = await workspaces.listFiles(deliveryId, { limit: LIST_LIMIT, ...(input.path ? { path: input.path } : {}) });
        if (files.length === 0) return "No files.";
        return (
          files.map((file) => `${file.path} (${file.bytes} bytes)`).join("\n") +
          (files.length === LIST_LIMIT ? `\n[only the first ${LIST_LIMIT}; give a path]` : "")
        );
      }),
    {
      name: "list_files",
      description: "Lists the files of the project, or of one folder.",
      schema: z.object({ path: z.string().optional().describe("a folder; leave out for everything") }),
    },
  );
}

function makeReadFile(workspaces: WorkspacesPort, deliveryId: string) {
  return tool(
    (input) =>
      textOf(async () => {
        const from = input.from ?? 1;
        const to = Math.min(input.to ?? from + READ_LINES - 1, from + READ_LINES - 1);
        const { text, lines } = await workspaces.readFile(deliveryId, { path: input.path, from, to });
        const numbered = text
          .replace(/\n$/, "")
          .split("\n")
          .map((line, index) => `${from + index} | ${line}`)
          .join("\n");
        const more = lines > to ? `\n[${lines} lines in all; go on with from: ${to + 1}]` : "";
        return cutMiddle(numbered, READ_CHARACTERS) + more;
      }),
    {
      name: "read_file",
      description: `Reads a text file with line numbers (the numbers are not part of the file), at most ${READ_LINES} lines at a time.`,
      schema: z.object({
        path,
        from: z.number().int().min(1).optional().describe("first line"),
        to: z.number().int().min(1).optional().describe("last line"),
      }),
    },
  );
}

function makeSearchInCode(workspaces: WorkspacesPort, deliveryId: string) {
  return tool(
    (input) =>
      textOf(async () => {
        const hits = await workspaces.search(deliveryId, { pattern: input.pattern, limit: SEARCH_LIMIT, ...(input.path ? { path: input.path } : {}) });
        if (hits.length === 0) return "Nothing found.";
        return (
          hits.map((hit) => `${hit.path}:${hit.line}: ${hit.text.slice(0, 300)}`).join("\n") +
          (hits.length === SEARCH_LIMIT ? `\n[only the first ${SEARCH_LIMIT}]` : "")
        );
      }),
    {
      name: "search_in_code",
      description: "Searches all files for a regular expression.",
      schema: z.object({ pattern: z.string().min(1), path: z.string().optional().describe("a folder or file; leave out for everything") }),
    },
  );
}

function makeWriteFile(workspaces: WorkspacesPort, deliveryId: string) {
  return tool(
    (input) =>
      textOf(async () => {
        const written = await workspaces.writeFile(deliveryId, input);
        const said = `${written.created ? "Created" : "Replaced"} ${written.path} (${written.lines} lines).`;
        if (!written.ignored) return said;
        return `${said} But .gitignore matches it, so it will be in no commit, and neither tests nor the deployment will see it. Use another path, or change .gitignore.`;
      }),
    {
      name: "write_file",
      description: "Writes a whole file, creating folders as needed. For small changes of an existing file use apply_diff.",
      schema: z.object({ path, content: z.string() }),
    },
  );
}

function makeDeleteFile(workspaces: WorkspacesPort, deliveryId: string) {
  return tool(
    (input) =>
      textOf(async () => {
        await workspaces.deleteFile(deliveryId, input);
        return `Deleted ${input.path}.`;
      }),
    { name: "delete_file", description: "Deletes a file.", schema: z.object({ path }) },
  );
}

function makeApplyDiff(workspaces: WorkspacesPort, deliveryId: string) {
  return tool(
    (input) =>
      textOf(async () => {
        const result = await workspaces.applyDiff(deliveryId, input);
        const failed = result.failed.map((each) => `Block ${each.block} was not applied: ${each.reason}`);
        return [`${result.applied} block(s) applied to ${result.path}.`, ...failed, cutMiddle(result.snippet, 4_000)].filter(Boolean).join("\n");
      }),
    {
      name: "apply_diff",
      description: [
        "Changes parts of a file. `diff` holds one or more blocks:",
        "<<<<<<< SEARCH",
        "exact lines that are in the file now",
        "=======",
        "lines to put in their place",
        ">>>>>>> REPLACE",
        "Each SEARCH text must occur once; give enough lines around it. Blocks that fit are applied even when others do not.",
      ].join("\n"),
      schema: z.object({ path, diff: z.string().min(1) }),
    },
  );
}
