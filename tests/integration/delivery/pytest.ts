import { detectSandbox } from "#delivery/sandbox/detect.ts";

/** Null when the Python that tests run on brings pytest, else why not. It is the sandbox's choice, not the first one on the PATH, that counts. */
export async function missingPytest(): Promise<string | null> {
  const sandbox = await detectSandbox({ allowUnsandboxed: true });
  const { python } = sandbox.toolchain;
  if (python === null) return "this machine has no Python 3";
  const { exitCode } = await sandbox.run({
    argv: [python, "-I", "-c", "import pytest"],
    cwd: "/",
    binds: [],
    identity: "pytest",
    wallMs: 60_000,
    outputBytes: 10_000,
  });
  return exitCode === 0 ? null : `${python} has no pytest`;
}
