import type { Stack } from "#ports/projects.ts";

/** What every delivered service must do to be deployed here; taught to whoever plans and whoever writes it. */
export function serviceContract(stack: Stack): string {
  return [
    "The service must keep this contract, or it cannot be deployed:",
    "- No third-party packages: only the standard library. There is no network when it is tested, and nothing can be installed.",
    `- Its settings come from the environment: PORT and HOST to listen on, RELEASE (an id), STORAGE_DIR (a folder that exists and outlives restarts). Defaults for a developer's machine: PORT 3000, HOST 127.0.0.1, RELEASE "dev", STORAGE_DIR "./data".`,
    '- GET on the health path answers 200 with JSON {"status":"ok","release":<RELEASE>}.',
    "- What must survive a restart is written under STORAGE_DIR before the request is answered (write a temporary file, then rename it over the old one). A missing or empty file is an empty state.",
    "- When a new release goes live, the old one still runs for a moment on the same STORAGE_DIR: read the current state before changing it, never overwrite it with what was in memory since the start.",
    "- SIGTERM ends it: it stops taking requests, finishes those in flight, answers with Connection: close while doing so, and exits with code 0 within a few seconds.",
    "- Bad input gets a 4xx answer with a JSON body that says what is wrong; it never crashes the process.",
    ...STACK_RULES[stack],
  ].join("\n");
}

const STACK_RULES: Record<Stack, readonly string[]> = {
  node: [
    "- Node.js 24, ES modules, node:http. Tests use node:test and node:assert/strict in files named *.test.js under test/, and are run by `node --test`.",
    "- The server is made by an exported function that takes its settings and does not listen by itself, so that tests can start a real one on port 0; the entry file (src/server.js) reads the environment and listens.",
  ],
  python: [
    "- Python 3.10 or newer, http.server with ThreadingHTTPServer (daemon_threads = False, so that server_close waits for requests in flight), unittest. Tests are files named test_*.py in the package tests (with __init__.py), and are run by `python3 -m unittest`.",
    "- The server is made by a function that takes its settings and does not serve by itself, so that tests can start a real one on port 0 in a thread; the entry module (app/__main__.py) reads the environment and serves.",
    "- State that several threads touch is guarded by a lock.",
  ],
};

/** The commands that fit the template of a stack. */
export const USUAL_COMMANDS: Record<Stack, { test: string; start: string }> = {
  node: { test: "node --test", start: "node src/server.js" },
  python: { test: "python3 -m unittest", start: "python3 -m app" },
};
