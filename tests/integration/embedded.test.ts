import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { openDatabase } from "#db/client.ts";
import { openEmbedded } from "#db/embedded.ts";
import { restoreSymlinks } from "#db/embedded-binaries.ts";
import { testUnless } from "../helpers/unless.ts";

const CHILD = fileURLToPath(new URL("../helpers/embedded-child.ts", import.meta.url));
const QUICK = ["fsync=off"];
const root = mkdtempSync(join(tmpdir(), "slipway-embedded-"));
let folders = 0;
const newFolder = () => join(root, `data-${(folders += 1)}`);
const asRoot = process.getuid?.() === 0;
const notRoot = asRoot ? null : "not root";

afterAll(() => {
  for (let number = 1; number <= folders; number += 1) {
    const pid = postmaster(join(root, `data-${number}`));
    if (pid !== null && alive(pid)) process.kill(pid, "SIGQUIT");
  }
  rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

function postmaster(folder: string): number | null {
  const file = join(folder, "postgres", "data", "postmaster.pid");
  return existsSync(file) ? Number(readFileSync(file, "utf8").split("\n")[0]) : null;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

interface Answer {
  url?: string;
  started?: string;
  error?: string;
  code?: string;
}

async function startChild(folder: string): Promise<{ child: ChildProcessWithoutNullStreams; answer: Answer }> {
  const child = spawn(process.execPath, [CHILD, folder, ...QUICK]);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  return { child, answer: JSON.parse(line) as Answer };
}

async function end(child: ChildProcessWithoutNullStreams, how: "orderly" | "SIGKILL"): Promise<void> {
  const exited = once(child, "exit");
  if (how === "orderly") child.stdin.end();
  else child.kill("SIGKILL");
  await exited;
}

async function remember(folder: string, value: number): Promise<void> {
  await using embedded = await openEmbedded(folder, { settings: QUICK });
  await using database = await openDatabase({ url: embedded.url });
  await database.sql`create table if not exists remembered (value int)`;
  await database.sql`insert into remembered values (${value})`;
}

async function recall(folder: string): Promise<number[]> {
  await using embedded = await openEmbedded(folder, { settings: QUICK });
  await using database = await openDatabase({ url: embedded.url });
  return (await database.sql<{ value: number }[]>`select value from remembered order by value`).map((row) => row.value);
}

describe("the embedded PostgreSQL", () => {
  it("starts in an empty folder, keeps it private, stops with its last user and remembers", async () => {
    const folder = newFolder();
    await remember(folder, 1);
    expect(postmaster(folder)).toBeNull();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "postgres", "data")).mode & 0o777).toBe(0o700);
    expect(await recall(folder)).toEqual([1]);
  });

  it("is one server for processes that start at once, and stops with the last of them", async () => {
    const folder = newFolder();
    const children = await Promise.all(Array.from({ length: 4 }, () => startChild(folder)));
    expect(children.map(({ answer }) => answer.error)).toEqual(children.map(() => undefined));
    expect(new Set(children.map(({ answer }) => answer.started)).size).toBe(1);
    const pid = postmaster(folder) ?? 0;
    for (const { child } of children.slice(1)) {
      await end(child, "orderly");
      expect(alive(pid)).toBe(true);
    }
    for (const { child } of children.slice(0, 1)) await end(child, "orderly");
    expect(postmaster(folder)).toBeNull();
    // its file goes before the process does, and a process that is no child of ours is reaped when init likes to
    await expect.poll(() => alive(pid)).toBe(false);
  });

  it("outlives a killed process and is adopted by the next one", async () => {
    const folder = newFolder();
    await remember(folder, 7);
    const first = await startChild(folder);
    await end(first.child, "SIGKILL");
    const second = await startChild(folder);
    expect(second.answer.started).toBe(first.answer.started);
    await end(second.child, "orderly");
    expect(postmaster(folder)).toBeNull();
    expect(await recall(folder)).toEqual([7]);
  });

  it("lets processes come and go at any moment", async () => {
    const folder = newFolder();
    await remember(folder, 0);
    // whoever leaves may be the last while another one is just coming
    await Promise.all(
      [1, 2, 3].map(async (mark) => {
        for (let round = 0; round < 5; round += 1) await remember(folder, mark * 10 + round);
      }),
    );
    expect(await recall(folder)).toHaveLength(16);
  });

  it("comes back when the server itself is killed, to its data and to its listeners", async () => {
    const folder = newFolder();
    await remember(folder, 3);
    await using embedded = await openEmbedded(folder, { settings: QUICK });
    await using database = await openDatabase({ url: embedded.url });
    let subscribed = 0;
    const heard: string[] = [];
    await using _ = await database.listen("news", { onNotify: (payload) => heard.push(payload), onSubscribed: () => (subscribed += 1) });
    expect(subscribed).toBe(1);
    const pid = postmaster(folder) ?? 0;
    process.kill(pid, "SIGKILL");
    // its sessions live on for a moment, so an answer alone proves nothing
    await expect.poll(() => postmaster(folder) ?? pid).not.toBe(pid);
    await expect
      .poll(
        async () =>
          await database.sql`select value from remembered`.then(
            (rows) => rows.length,
            () => -1,
          ),
      )
      .toBe(1);
    await expect.poll(() => subscribed).toBeGreaterThan(1);
    await database.sql.notify("news", "hello");
    await expect.poll(() => heard).toEqual(["hello"]);
  });

  it("starts although its lock file names a process that is something else now", async () => {
    const folder = newFolder();
    await remember(folder, 5);
    writeFileSync(
      join(folder, "postgres", "data", "postmaster.pid"),
      `${process.pid}\n${join(folder, "postgres", "data")}\n1\n5432\n${join(folder, "postgres", "run")}\n\n`,
    );
    expect(await recall(folder)).toEqual([5]);
  });

  it("puts its socket into a private temporary folder when the path is too long for one", async () => {
    const folder = join(newFolder(), "deep".repeat(30));
    await remember(folder, 9);
    const embedded = await openEmbedded(folder, { settings: QUICK });
    const socket = new URL(embedded.url).searchParams.get("host") ?? "";
    expect(socket.startsWith(tmpdir())).toBe(true);
    expect(statSync(socket).mode & 0o777).toBe(0o700);
    await using database = await openDatabase({ url: embedded.url });
    expect(await database.sql`select value from remembered`).toEqual([{ value: 9 }]);
    await database[Symbol.asyncDispose]();
    await embedded[Symbol.asyncDispose]();
    rmSync(socket, { recursive: true, force: true });
  });

  it("listens on no port", async () => {
    const folder = newFolder();
    await using embedded = await openEmbedded(folder, { settings: QUICK });
    await using database = await openDatabase({ url: embedded.url });
    expect(await database.sql`show listen_addresses`).toEqual([{ listen_addresses: "" }]);
  });

  testUnless(notRoot, "runs as root below a folder that nobody else may enter", async () => {
    const closed = newFolder();
    mkdirSync(closed, { mode: 0o700 });
    await remember(join(closed, "data"), 1);
    expect(await recall(join(closed, "data"))).toEqual([1]);
  });

  testUnless(notRoot, "runs as root without user namespaces, and the same data with them", async () => {
    chmodSync(root, 0o711);
    const folder = newFolder();
    {
      await using embedded = await openEmbedded(folder, { settings: QUICK, userNamespaces: false });
      await using database = await openDatabase({ url: embedded.url });
      await database.sql`create table remembered (value int)`;
      expect(statSync(join(folder, "postgres", "data"))).toMatchObject({ uid: 65_534 });
    }
    expect(await recall(folder)).toEqual([]);
    expect(statSync(join(folder, "postgres", "data")).mode & 0o777).toBe(0o700);
  });
});

describe("a start that fails says what to do", () => {
  it("when something else stands in the place", async () => {
    const folder = newFolder();
    writeFileSync(folder, "a file");
    await expect(openEmbedded(folder)).rejects.toMatchObject({ code: "invalid_config", message: expect.stringContaining("DATA_DIR") as string });
  });

  it("when the files are damaged", async () => {
    const folder = newFolder();
    await remember(folder, 1);
    writeFileSync(join(folder, "postgres", "data", "global", "pg_control"), "rubbish");
    await expect(openEmbedded(folder)).rejects.toMatchObject({ code: "database_unavailable", message: expect.stringMatching(/damaged.*backup/s) as string });
  });

  it("when the databases are gone from it, and leaves no server behind", async () => {
    const folder = newFolder();
    await remember(folder, 1);
    rmSync(join(folder, "postgres", "data", "base"), { recursive: true });
    const hint = { code: "database_unavailable", message: expect.stringContaining(`${join(folder, "postgres")}/data are damaged`) as string };
    await expect(openEmbedded(folder)).rejects.toMatchObject(hint);
    await expect.poll(() => postmaster(folder)).toBeNull();
  });

  it("when the place takes no folder", () => {
    // in a process that can be ended: Node's recursive mkdir never comes back from there
    const { stdout } = spawnSync(process.execPath, [CHILD, "/proc/slipway"], { encoding: "utf8", input: "", timeout: 120_000, killSignal: "SIGKILL" });
    expect(JSON.parse(stdout)).toMatchObject({ code: "invalid_config", error: expect.stringContaining("may not write below /proc/slipway") as string });
  });

  it("when the data is of another version", async () => {
    const folder = newFolder();
    await remember(folder, 1);
    writeFileSync(join(folder, "postgres", "data", "PG_VERSION"), "12\n");
    await expect(openEmbedded(folder)).rejects.toMatchObject({ code: "invalid_config", message: expect.stringContaining("another version") as string });
  });

  const mount = newFolder();
  mkdirSync(mount);
  const mounts = asRoot && spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", mount]).status === 0;
  /** A start on a file system of its own, mounted so. */
  function startOn(options: string): Answer {
    const script = `mount -t tmpfs -o ${options} tmpfs "$0" && exec "$1" "$2" "$0/data"`;
    const { stdout } = spawnSync("unshare", ["--mount", "sh", "-c", script, mount, process.execPath, CHILD], { encoding: "utf8", input: "" });
    return JSON.parse(stdout) as Answer;
  }

  testUnless(mounts ? null : "no file system can be mounted here", "when the disk is full", () => {
    expect(startOn("size=16m")).toMatchObject({ code: "disk_full", error: expect.stringContaining("nothing was lost") as string });
  });

  testUnless(mounts || !asRoot ? null : "root, and no file system can be mounted here", "when the folder cannot be written", async () => {
    const hint = { code: "invalid_config", error: expect.stringContaining("writable") as string };
    if (mounts) return expect(startOn("ro")).toMatchObject(hint);
    const folder = newFolder();
    mkdirSync(folder, { mode: 0o500 });
    await expect(openEmbedded(folder)).rejects.toMatchObject({ code: "invalid_config" });
  });

  it("makes the links that npm packs none of", () => {
    const folder = newFolder();
    mkdirSync(join(folder, "native", "lib"), { recursive: true });
    writeFileSync(join(folder, "native", "lib", "libx.so.1.2"), "");
    writeFileSync(join(folder, "native", "pg-symlinks.json"), JSON.stringify([{ source: "native/lib/libx.so.1.2", target: "native/lib/libx.so.1" }]));
    restoreSymlinks(folder);
    restoreSymlinks(folder);
    expect(lstatSync(join(folder, "native", "lib", "libx.so.1")).isSymbolicLink()).toBe(true);
    expect(readlinkSync(join(folder, "native", "lib", "libx.so.1"))).toBe("libx.so.1.2");
  });
});
