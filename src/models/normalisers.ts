/**
 * What may differ between two deliveries that are the same: where they run, when, and on which port. Applied in this order to every text
 * of a request before it is hashed, so that a recording replays under another path and clock. The list is the whole truth: a volatile
 * thing that is not named here makes a replay miss, loudly.
 */
export interface Normaliser {
  readonly name: string;
  readonly apply: (text: string) => string;
}

const replace = (name: string, pattern: RegExp, by: string): Normaliser => ({ name, apply: (text) => text.replace(pattern, by) });

const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";

export const NORMALISERS: readonly Normaliser[] = [
  replace("line endings", /\r\n?/g, "\n"),
  // oxlint-disable-next-line no-control-regex -- terminal colours begin with the escape character
  replace("terminal colours", /\u001b\[[0-9;]*[A-Za-z]/g, ""),
  replace("uuids", /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<uuid>"),
  replace("ISO times", /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\b/g, "<time>"),
  replace(
    "written times",
    new RegExp(`\\b${DAY},? (?:\\d{1,2} ${MONTH}|${MONTH} +\\d{1,2}),?(?: \\d{4})? \\d\\d:\\d\\d:\\d\\d(?: GMT| UTC)?(?: \\d{4})?`, "g"),
    "<time>",
  ),
  replace("epoch milliseconds", /\b1[6-9]\d{11}\b/g, "<time>"),
  replace("local hosts", /(?:\b(?:[a-z0-9-]+\.)*localhost|\b127\.0\.0\.1|\b0\.0\.0\.0|\[::1?\])(?::\d{2,5})?(?![\w.])/gi, "<host>"),
  replace("ports", /\b(port["']?\s*[:= ]\s*)\d{2,5}\b/gi, "$1<port>"),
  replace("frames of the runtime", /^[ \t]*at [^\n]*\bnode:[a-z][^\n]*\n?/gm, ""),
  replace("frames of the interpreter", /^[ \t]*File "[^"\n]*\/lib\/python[^\n]*\n(?:[ \t]{4,}[^\n]*\n)*/gm, ""),
  // since 3.11 a failed test's class is followed by its method
  replace("names of Python's tests", /\b(test\w*) \((\w+(?:\.\w+)*)\.\1\)/g, "$1 ($2)"),
  replace("markers under code", /^[ \t~^]*[~^][ \t~^]*\n?/gm, ""),
  replace(
    "machine paths",
    /(?:file:\/\/)?(?:\/(?:private\/)?(?:tmp|home|root|var|usr|opt|Users|work|workspace|mnt|srv|run|data|nix)\/)[^\s"'`:)\]}<>|,;]*/g,
    "<path>",
  ),
  replace("hashes", /\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b/g, "<sha>"),
  replace("short hashes", /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,12}\b/g, "<sha>"),
  replace("durations with a key", /\b(duration(?:_ms|Ms)?["']?\s*[:= ]\s*)[\d.]+/g, "$1<duration>"),
  // whole seconds stay: people ask for "30 seconds", machines measure 0.031s
  replace("durations", /\b(?:\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|milliseconds?)|\d+\.\d+\s?(?:s|secs?|seconds?))\b/g, "<duration>"),
  replace("process ids", /(\bpid["']?\s*[:= ]\s*|\(node:|\bprocess )\d+/gi, "$1<pid>"),
  replace("versions of the runtime", /\b(Node\.js v|Python )\d+(?:\.\d+)+/g, "$1<version>"),
  replace("memory addresses", /\b0x[0-9a-f]{6,}\b/gi, "<address>"),
  replace("trailing blanks", /[ \t]+$/gm, ""),
];

/** A text without what differs from machine to machine and from minute to minute. */
export function normalise(text: string): string {
  return NORMALISERS.reduce((current, normaliser) => normaliser.apply(current), text);
}
