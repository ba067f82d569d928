/** A place in the project that a failure message names. */
export interface Frame {
  path: string;
  line: number;
}

const NODE_FRAME = /(?:^|[\s(])((?:[\w@.-]+\/)*[\w@.-]+\.(?:[cm]?[jt]s)):(\d+):\d+\)?$/;
const PYTHON_FRAME = /File "([^"]+\.py)", line (\d+)/;

/**
 * The frame nearest to the failure that lies in the project: the first of Node's, the last of Python's.
 * Paths of the runtime, of other machines' places and of dependencies do not count.
 */
export function topFrame(message: string): Frame | null {
  const frames = message.split("\n").flatMap((line): Frame[] => {
    const found = NODE_FRAME.exec(line.trim()) ?? PYTHON_FRAME.exec(line);
    const path = found?.[1]?.replace(/^\.\//, "");
    if (path === undefined || path.startsWith("/") || path.includes("node_modules/") || line.includes("node:")) return [];
    return [{ path, line: Number(found?.[2]) }];
  });
  return (PYTHON_FRAME.test(message) ? frames.at(-1) : frames[0]) ?? null;
}
