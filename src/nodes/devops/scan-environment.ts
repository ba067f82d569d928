/** One name that source code reads from its environment. */
interface NameUse {
  name: string;
  /** True when some read of it falls back to a value of the code's own. */
  hasDefault: boolean;
  /** `path:line` of the first use, and the line. */
  at: string;
  line: string;
}

export interface EnvironmentScan {
  uses: NameUse[];
  /** Lines that read names which only exist at run time, such as `process.env[key]`. */
  dynamic: { at: string; line: string }[];
}

const SOURCE = /\.(?:[cm]?[jt]sx?|py)$/u;
const NOT_RUN =
  /(?:^|\/)(?:node_modules|tests?|__tests__|specs?|fixtures|examples?|docs)\/|\.(?:test|spec)\.[cm]?[jt]sx?$|(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$/u;

/** True for files that run in production: names that only tests read need no value. */
export function isDeployedSource(path: string): boolean {
  return SOURCE.test(path) && !NOT_RUN.test(path);
}

const NAME = "[A-Za-z_]\\w*";
/** Falling back to nothing is no default. */
const JS_DEFAULT = /^\s*(?:\?\?=?|\|\|=?)\s*(?!\s|""|''|``|null\b|undefined\b|$)/u;
const DYNAMIC = /process\.env\s*\[\s*(?!["'`])|os\.environ\s*\[\s*(?!["'])|(?:os\.environ\.get|os\.getenv)\(\s*(?!["'\s])/u;

/** Reads the environment names out of one file, JavaScript, TypeScript or Python. Static: nothing is run. */
export function scanEnvironment(path: string, text: string): EnvironmentScan {
  const found = path.endsWith(".py") ? scanPython(text) : scanJavaScript(text);
  const lines = text.split("\n");
  const place = (index: number) => {
    const number = text.slice(0, index).split("\n").length;
    return { at: `${path}:${number}`, line: (lines[number - 1] ?? "").trim().slice(0, 200) };
  };
  const uses = new Map<string, NameUse>();
  for (const { name, hasDefault, index } of found.toSorted((a, b) => a.index - b.index)) {
    const known = uses.get(name);
    if (known === undefined) uses.set(name, { name, hasDefault, ...place(index) });
    else known.hasDefault ||= hasDefault;
  }
  const dynamic = lines.flatMap((line, index) => (DYNAMIC.test(line) ? [{ at: `${path}:${index + 1}`, line: line.trim().slice(0, 200) }] : []));
  return { uses: [...uses.values()], dynamic };
}

interface Read {
  name: string;
  hasDefault: boolean;
  index: number;
}

function scanJavaScript(text: string): Read[] {
  const aliases = [...text.matchAll(new RegExp(`\\b(${NAME})\\s*(?::[^=,)]*)?=\\s*process\\.env\\b(?!\\s*[.?[])`, "gu"))].flatMap((match) => match[1] ?? []);
  const roots = ["process\\.env", ...new Set(aliases)].join("|");
  const reads: Read[] = [];
  for (const match of text.matchAll(new RegExp(`(?<![\\w.$])(?:${roots})(?:\\?)?(?:\\.(${NAME})|(?:\\.)?\\[\\s*["'\`](${NAME})["'\`]\\s*\\])`, "gu"))) {
    const name = match[1] ?? match[2] ?? "";
    const isAlias = !match[0].startsWith("process.env");
    // a method of an alias that is no environment after all, such as env.get
    if (isAlias && !/^[A-Z][A-Z0-9_]+$/u.test(name)) continue;
    reads.push({ name, hasDefault: JS_DEFAULT.test(text.slice(match.index + match[0].length)), index: match.index });
  }
  for (const match of text.matchAll(new RegExp(`\\{([^{}]*)\\}\\s*(?::[^=]*)?=\\s*(?:${roots})\\b(?!\\s*[.[])`, "gu"))) {
    for (const part of (match[1] ?? "").split(",")) {
      const name = new RegExp(`^\\s*(${NAME})`, "u").exec(part)?.[1];
      if (name !== undefined)
        reads.push({ name, hasDefault: /=\s*(?!\s|""|''|``|null\b|undefined\b|$)/u.test(part), index: match.index + match[0].indexOf(name) });
    }
  }
  return reads;
}

function scanPython(text: string): Read[] {
  const reads: Read[] = [];
  for (const match of text.matchAll(/\benviron\s*\[\s*["'](\w+)["']\s*\]/gu)) reads.push({ name: match[1] ?? "", hasDefault: false, index: match.index });
  for (const match of text.matchAll(/\b(?:environ\.(?:get|setdefault|pop)|getenv)\(\s*["'](\w+)["']\s*(,\s*(?!None\b|""|'')\S)?/gu)) {
    const rest = text.slice(match.index + match[0].length);
    reads.push({ name: match[1] ?? "", hasDefault: match[2] !== undefined || /^\s*\)\s*or\s+(?!None\b|""|'')\S/u.test(rest), index: match.index });
  }
  return reads;
}
