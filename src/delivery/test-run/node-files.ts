import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { plainPath } from "../workspaces/confined-paths.ts";

const SUFFIX = /\.(?:[cm]?js|[cm]?ts)$/;
/** node --test's own patterns. */
const NAMED = /(?:^|\/)(?:test|test-[^/]+|[^/]+[._-]test)\.(?:[cm]?js|[cm]?ts)$/;
const IN_TEST_FOLDER = /(?:^|\/)test\/.*\.(?:[cm]?js|[cm]?ts)$/;
const DECLARES_TESTS = /node:test|(?:^|[^\w.$])(?:test|it|describe|suite)(?:\.\w+)*\s*\(/m;
const ONLY = /(?:^|[^\w.$])(?:test|it|describe|suite)\.only\s*\(|[{,]\s*only\s*:\s*true/m;
const MOST_FILES = 2_000;
const MOST_BYTES = 1_000_000;

export interface NodeTestFile {
  /** Relative to the project. */
  path: string;
  /** Somebody who reads it sees tests. */
  declaresTests: boolean;
  usesOnly: boolean;
}

/**
 * The files that `node --test` would run: its default patterns, or the files and folders the command names (a folder or a glob means what lies
 * in it). Found by the harness in the commit's files; links are not followed.
 */
export async function findNodeTests(root: string, paths: readonly string[]): Promise<NodeTestFile[]> {
  const all = await allFiles(root);
  const wanted =
    paths.length === 0 ? all.filter((path) => NAMED.test(path) || IN_TEST_FOLDER.test(path)) : [...new Set(paths.flatMap((path) => select(all, path)))];
  const files: NodeTestFile[] = [];
  for (const path of wanted.toSorted().slice(0, MOST_FILES)) {
    const found = await lstat(join(root, path));
    const text = found.isFile() && found.size <= MOST_BYTES ? await readFile(join(root, path), "utf8") : "test(";
    files.push({ path, declaresTests: DECLARES_TESTS.test(text), usesOnly: ONLY.test(withoutComments(text)) });
  }
  return files;
}

function select(all: readonly string[], named: string): string[] {
  const path = plainPath(named);
  if (/[*?[{]/.test(path)) {
    const matches = globTest(path);
    return all.filter((file) => SUFFIX.test(file) && matches(file));
  }
  if (all.includes(path)) return [path];
  const folder = path === "" ? "" : `${path}/`;
  const below = all.filter((file) => file.startsWith(folder) && SUFFIX.test(file));
  // a folder of tests may hold helpers: node takes them all, too
  return below.filter((file) => NAMED.test(file) || IN_TEST_FOLDER.test(file) || /(?:^|\/)tests?\//.test(folder));
}

/** `*` within a name, `**` over folders, `?`, `{a,b}`. */
function globTest(pattern: string): (path: string) => boolean {
  const source = pattern.replaceAll(/\*\*\/|\*\*|\*|\?|\{([^{}]*)\}|[.+^$()|[\]\\]/g, (token, choices: string | undefined) => {
    if (token === "**/") return "(?:[^/]+/)*";
    if (token === "**") return ".*";
    if (token === "*") return "[^/]*";
    if (token === "?") return "[^/]";
    if (choices !== undefined)
      return `(?:${choices
        .split(",")
        .map((choice) => choice.replaceAll(/[^\w-]/g, "\\$&"))
        .join("|")})`;
    return `\\${token}`;
  });
  const expression = new RegExp(`^${source}$`);
  return (path) => expression.test(path);
}

async function allFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  const open = [""];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== "node_modules" && entry.name !== ".git") open.push(path);
      else if (entry.isFile()) files.push(path);
    }
  }
  return files;
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\/|(^|[^:"'`])\/\/[^\n]*/g, "$1");
}
