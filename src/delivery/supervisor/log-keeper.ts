/**
 * A small process per running release: reads what the app prints, hides secrets, writes a log that is rotated at 5 MB.
 *   node log-keeper.ts FILE   (stdin: the app's output; descriptor 3: a JSON list of texts to hide, then end of file)
 *
 * It is a process of its own because the app must be able to print while no supervisor runs, and because an app that prints its secrets
 * must not leave them on the disk, not even for a moment. It ends when the last process that holds the app's output ends.
 */
import { appendFileSync, readFileSync, renameSync, statSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { createMaskStream } from "../secrets/mask.ts";

const ROTATE_BYTES = 5_000_000;
const file = process.argv[2];
if (file === undefined) process.exit(2);

let masks: string[];
try {
  masks = JSON.parse(readFileSync(3, "utf8")) as string[];
} catch {
  // whoever started us died before saying what to hide; the app was not started either
  process.exit(0);
}

let size = 0;
try {
  size = statSync(file).size;
} catch {
  // the first line makes the file
}

function write(text: string): void {
  if (text === "") return;
  try {
    if (size > ROTATE_BYTES) {
      renameSync(file as string, `${file}.1`);
      size = 0;
    }
    appendFileSync(file as string, text, { mode: 0o600 });
    size += Buffer.byteLength(text);
  } catch {
    // a full disk must not stop the app: the lines are lost
  }
}

// the group of the app is another one, but a terminal's Ctrl-C goes to everybody
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
const stream = createMaskStream(masks);
const decoder = new StringDecoder("utf8");
process.stdin.on("data", (chunk: Buffer) => write(stream.write(decoder.write(chunk))));
process.stdin.on("end", () => {
  write(stream.write(decoder.end()) + stream.end());
  process.exit(0);
});
process.stdin.on("error", () => process.exit(0));
