import { randomBytes } from "node:crypto";
import { z } from "zod";

/** What a harness program tells about the tests it runs. */
export const HarnessRecord = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("case"),
    /** node: titles joined by " > "; python: the runner's own dotted or colon name. */
    title: z.string().optional(),
    name: z.string().optional(),
    file: z.string().nullable().optional(),
    status: z.enum(["passed", "failed", "skipped"]),
    durationMs: z.number().nullable(),
    message: z.string().nullable(),
  }),
  /** Tests that can be read in the project's files, told before a line of the project has run. */
  z.object({ kind: z.literal("expect"), files: z.record(z.string(), z.array(z.string())) }),
  z.object({ kind: z.literal("deselected"), names: z.array(z.string()) }),
  z.object({ kind: z.literal("forged"), name: z.string() }),
  z.object({ kind: z.literal("end"), passed: z.number(), failed: z.number(), skipped: z.number() }),
  z.object({ kind: z.literal("exit"), code: z.number() }),
]);

export type HarnessRecord = z.infer<typeof HarnessRecord>;

/** The most cases one run may have; a suite with more is cut and not green. */
const MOST_CASES = 20_000;

/**
 * The harness's side of descriptor 4: keeps the records that carry the run's secret and counts every line that does not. Bounded by
 * `reportBytes` of the sandbox run.
 */
export class ReportChannel {
  readonly secret = randomBytes(24).toString("hex");
  readonly records: HarnessRecord[] = [];
  /** Lines without the secret or without meaning: somebody else wrote to the channel. */
  strangers = 0;
  #rest = "";
  readonly #decoder = new TextDecoder();

  add(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  /** To be called when the program has ended: an unfinished line is nobody's record. */
  close(): void {
    if (this.#rest !== "") this.strangers += 1;
    this.#rest = "";
  }

  #take(line: string): void {
    if (!line.startsWith(`${this.secret} `)) {
      this.strangers += 1;
      return;
    }
    const record = HarnessRecord.safeParse(parse(line.slice(this.secret.length + 1)));
    if (!record.success) this.strangers += 1;
    else if (this.records.length < MOST_CASES + 100) this.records.push(record.data);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
