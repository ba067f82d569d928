import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { AppError } from "#errors";
import { Completion } from "./completion.ts";
import { stableJson, type CanonicalMessage, type CanonicalRequest } from "./request-key.ts";

/**
 * A recording is one JSONL file. Its first line is a header, then come `part` lines (a message or a list of tools, written once, named by
 * content) and `call` lines (a request as names of parts, and the answer). Requests are kept only to show the nearest one on a miss and to
 * read what was said; a call is found by its key.
 */
const Header = z.object({ kind: z.literal("header"), title: z.string(), request: z.string(), language: z.string() });
const Part = z.object({ kind: z.literal("part"), id: z.string(), value: z.unknown() });
const Call = z.object({
  kind: z.literal("call"),
  key: z.string(),
  role: z.string(),
  messages: z.array(z.string()),
  tools: z.string(),
  params: z.record(z.string(), z.unknown()),
  answer: Completion,
});
const Line = z.discriminatedUnion("kind", [Header, Part, Call]);

/** What a person may type without a key, one per recording file. */
export interface RecordingHeader {
  file: string;
  title: string;
  /** The first user message. */
  request: string;
  language: string;
}

export interface RecordedCall {
  file: string;
  key: string;
  role: string;
  request: CanonicalRequest;
  answer: Completion;
}

export interface Recordings {
  readonly headers: readonly RecordingHeader[];
  find(key: string): RecordedCall | undefined;
  all(): Iterable<RecordedCall>;
  /** Keeps the call for later `find`s; the first answer to a key wins. */
  add(call: RecordedCall): void;
}

/** Reads `*.jsonl` of a directory, in name order; a missing directory is empty. Throws `invalid_config` naming file and line. */
export function loadRecordings(directory: string | null, extraFile: string | null = null): Recordings {
  const files =
    directory !== null && existsSync(directory)
      ? readdirSync(directory)
          .filter((name) => name.endsWith(".jsonl"))
          .toSorted()
          .map((name) => join(directory, name))
      : [];
  if (extraFile !== null && existsSync(extraFile) && !files.includes(extraFile)) files.push(extraFile);
  const headers: RecordingHeader[] = [];
  const calls = new Map<string, RecordedCall>();
  for (const path of files) readRecording(path, headers, calls);
  return {
    headers,
    find: (key) => calls.get(key),
    all: () => calls.values(),
    add: (call) => void (calls.has(call.key) || calls.set(call.key, call)),
  };
}

function readRecording(path: string, headers: RecordingHeader[], calls: Map<string, RecordedCall>): void {
  const file = basename(path);
  const parts = new Map<string, unknown>();
  for (const [index, text] of readFileSync(path, "utf8").split("\n").entries()) {
    if (text.trim() === "") continue;
    const line = parseLine(text, `${file}:${index + 1}`);
    if (line.kind === "header") headers.push({ file, title: line.title, request: line.request, language: line.language });
    else if (line.kind === "part") parts.set(line.id, line.value);
    else if (!calls.has(line.key)) {
      // parts are what `appendCall` wrote: canonical messages and tool lists; they are only shown, never trusted
      const messages = line.messages.map((id) => parts.get(id) as CanonicalMessage);
      const tools = parts.get(line.tools) as unknown[];
      calls.set(line.key, { file, key: line.key, role: line.role, answer: line.answer, request: { messages, tools, params: line.params } });
    }
  }
}

function parseLine(text: string, place: string): z.infer<typeof Line> {
  try {
    return Line.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError("invalid_config", `The recording ${place} cannot be read. Restore the file or remove it.`, { cause: error });
  }
}

export interface RecordingWriter {
  append(call: RecordedCall): void;
}

/**
 * Appends calls to a recording file. A new file gets a header whose request is the first user message it sees and whose title is the
 * file's name; edit the header by hand when the first message is not the person's own words.
 */
export function createRecordingWriter(path: string): RecordingWriter {
  const written = new Set<string>();
  if (existsSync(path)) {
    for (const text of readFileSync(path, "utf8").split("\n").filter(Boolean)) {
      const line = parseLine(text, basename(path));
      if (line.kind === "part") written.add(line.id);
    }
  }
  return {
    append(call) {
      const lines: unknown[] = [];
      if (!existsSync(path)) {
        mkdirSync(dirname(path), { recursive: true });
        const said = call.request.messages.find((message) => message.role === "user")?.content ?? "";
        lines.push({ kind: "header", title: basename(path, ".jsonl"), request: said, language: "en" });
      }
      const part = (value: unknown) => {
        const id = createHash("sha256").update(stableJson(value)).digest("hex").slice(0, 16);
        if (!written.has(id)) lines.push({ kind: "part", id, value });
        written.add(id);
        return id;
      };
      const messages = call.request.messages.map(part);
      const tools = part(call.request.tools);
      lines.push({ kind: "call", key: call.key, role: call.role, messages, tools, params: call.request.params, answer: call.answer });
      appendFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    },
  };
}
