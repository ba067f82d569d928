import { createInterface, type Interface } from "node:readline";
import { AppError } from "#errors";

/** Asks one line of the person. Throws `invalid_request` when nobody can answer any more (end of input). */
export type Ask = (prompt: string) => Promise<string>;

/**
 * The keyboard, or whatever stdin is, opened at the first question and kept: lines that arrive before they are asked for are kept too.
 * A terminal is not read at all while nothing is asked, so that the demo can end by itself.
 */
export function openKeyboard(): { ask: Ask; close(): void } {
  let reader: Interface | null = null;
  let ended = false;
  const lines: string[] = [];
  let waiting: { answer: (line: string) => void; fail: (error: Error) => void } | null = null;
  const nobody = () => new AppError("invalid_request", "Nobody answers here. Run the demo in a terminal, or with --yes to approve everything.");

  function open(): void {
    reader = createInterface({ input: process.stdin, output: process.stdout });
    reader.on("line", (line) => {
      if (waiting === null) lines.push(line);
      else waiting.answer(line);
      waiting = null;
    });
    reader.on("close", () => {
      ended = true;
      waiting?.fail(nobody());
    });
  }

  return {
    async ask(prompt) {
      if (reader === null) open();
      process.stdout.write(prompt);
      if (lines.length === 0 && ended) throw nobody();
      const line = lines.shift() ?? (await new Promise<string>((answer, fail) => (waiting = { answer, fail })));
      // a terminal echoes what is typed; a pipe does not
      if (!process.stdin.isTTY) console.log(line);
      return line;
    },
    close: () => reader?.close(),
  };
}
