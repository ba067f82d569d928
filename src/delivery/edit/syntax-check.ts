import { extname } from "node:path";
import type { Sandbox } from "../sandbox/sandbox.ts";

/** Says what is wrong with a file's syntax, or null when nothing is, when the language is not known, or when it cannot be checked here. */
export type SyntaxCheck = (path: string, text: string) => Promise<string | null>;

const PYTHON =
  "import ast,sys\ntry:\n ast.parse(sys.stdin.buffer.read(), sys.argv[1])\nexcept (SyntaxError, ValueError) as e:\n print('SYNTAX line %s: %s' % (getattr(e,'lineno','?'), getattr(e,'msg',e)))\n sys.exit(9)";

/**
 * Checks by the language's own parser: JSON here, JavaScript and Python by their interpreter inside the sandbox, since a parser fed with hostile text
 * may crash or hang.
 */
export function createSyntaxCheck(sandbox: Sandbox): SyntaxCheck {
  return async (path, text) => {
    switch (extname(path).toLowerCase()) {
      case ".json":
        return checkJson(text);
      case ".mjs":
        return checkJavaScript(sandbox, text, ["mjs"]);
      case ".cjs":
        return checkJavaScript(sandbox, text, ["cjs"]);
      case ".js":
        // which of the two it is depends on package.json; either may be meant
        return checkJavaScript(sandbox, text, ["mjs", "cjs"]);
      case ".py":
        return checkPython(sandbox, path, text);
      default:
        return null;
    }
  };
}

function checkJson(text: string): string | null {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ""));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 300) : "not JSON";
  }
}

async function checkJavaScript(sandbox: Sandbox, text: string, kinds: readonly string[]): Promise<string | null> {
  const script = [
    `d="$(mktemp -d)"; trap 'rm -rf "$d"' EXIT; cat >"$d/source"`,
    `for kind in ${kinds.join(" ")}; do cp "$d/source" "$d/file.$kind"; "$0" --check "$d/file.$kind" 2>"$d/error.$kind" && exit 0; done`,
    `sed "s|$d/||g" "$d/error.${kinds[0]}"; exit 9`,
  ].join("\n");
  const { code, output } = await runOn(sandbox, ["/bin/sh", "-c", script, sandbox.toolchain.node], text);
  if (code !== 9) return null;
  const line = /^file\.[cm]js:(\d+)/m.exec(output)?.[1];
  const message = /^(SyntaxError: .*)$/m.exec(output)?.[1] ?? "SyntaxError";
  return line === undefined ? message : `line ${line}: ${message}`;
}

async function checkPython(sandbox: Sandbox, path: string, text: string): Promise<string | null> {
  if (sandbox.toolchain.python === null) return null;
  const { code, output } = await runOn(sandbox, [sandbox.toolchain.python, "-I", "-c", PYTHON, path], text);
  return code === 9 ? (/SYNTAX (.*)/.exec(output)?.[1] ?? "SyntaxError") : null;
}

async function runOn(sandbox: Sandbox, argv: readonly string[], stdin: string): Promise<{ code: number | null; output: string }> {
  let output = "";
  const result = await sandbox.run({
    argv,
    cwd: "/",
    binds: [],
    identity: "syntax-check",
    stdin,
    wallMs: 15_000,
    outputBytes: 100_000,
    onOutput: (chunk) => (output += chunk.toString("utf8")),
  });
  return { code: result.exitCode, output };
}
