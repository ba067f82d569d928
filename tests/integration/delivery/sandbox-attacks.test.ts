/**
 * What generated code could try against the machine it runs on, at the level that this machine offers (its name stands in the output), on the way
 * that the agents' commands take. An attack that succeeds says so, or leaves a trace outside.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomInt, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCommands } from "#delivery/commands.ts";
import { detectSandbox } from "#delivery/sandbox/detect.ts";
import { createWorkspaces } from "#delivery/workspaces/workspaces.ts";
import type { CommandsPort } from "#ports/commands.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import { commandLines } from "../../helpers/command-lines.ts";
import { testDatabase } from "../../helpers/database.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const sandbox = await detectSandbox({ allowUnsandboxed: false });
const SECRET = "the-secret-key";
const DONE = "PWNED";
/** A socket without a file; its name is one for the whole machine. */
const ABSTRACT = `slipway-attack-${process.pid}`;

interface Machine {
  root: string;
  secret: string;
  serverPort: number;
  database: { host: string; port: string };
  socket: string;
  /** A process of the server's own account. */
  victim: number;
}

/** A program that says {@link DONE} when it could connect. */
const connect = (where: string) =>
  `node -e 'require("net").connect(${where}).on("connect", () => { console.log("${DONE}"); process.exit() }).on("error", () => process.exit(1))'`;
const either = (...commands: string[]) => commands.map((command) => `(${command}) && echo ${DONE}`).join("; ");

/** Each is a shell line in a delivery's work tree. */
const ATTACKS: Record<string, (machine: Machine) => string> = {
  "read outside": ({ secret, root }) =>
    either(`cat "${secret}"`, `cat /etc/shadow`, `ls "${root}"`, `cat "/proc/1/root${secret}"`, `cat /root/.ssh/id_* /root/.npmrc`),
  "write outside": ({ root }) =>
    either(`touch "${root}/evil"`, `touch /usr/bin/evil`, `touch /etc/evil`, `mkdir -p "${root}/x" && touch "${root}/x/evil" && ls "${root}/x/../secrets"`),
  "follow a link out": ({ secret, root }) =>
    either(
      `ln -s "${secret}" link && cat link`,
      `ln -s "${root}" out && touch out/evil`,
      `ln "${secret}" hard && cat hard`,
      `ln -s /proc/1/cwd cwd && ls cwd/secrets`,
    ),
  "connect to a unix socket": ({ socket }) => `${connect(`"${socket}"`)}; ${connect(`"\\0${ABSTRACT}"`)}`,
  "connect to the server": ({ serverPort }) =>
    `${connect(`${serverPort}, "127.0.0.1"`)}; ${connect(`${serverPort}, "localhost"`)}; ${connect(`${serverPort}, "::1"`)}`,
  "connect to the database": ({ database: { host, port } }) => connect(`${port}, "${host}"`),
  "reach the network": () => `${connect('53, "1.1.1.1"')}; ${connect('80, "169.254.169.254"')}`,
  "signal another process": ({ victim }) => either(`kill -9 ${victim}`, `kill -0 ${victim}`, `kill -9 ${process.pid}`),
  "look into /proc of another process": ({ victim }) =>
    either(
      `cat /proc/${victim}/environ`,
      `tr '\\0' ' ' < /proc/${process.pid}/cmdline | grep -i node`,
      `grep -al canary-victim /proc/[0-9]*/environ`,
      `ls -l /proc/${victim}/fd`,
    ),
  "read the environment of the server": () =>
    `env; cat /proc/[0-9]*/environ | tr '\\0' '\\n'; node -p 'JSON.stringify(process.env)'; python3 -c 'import os; print(os.environ)'`,
  "become more": () =>
    either(
      `unshare --user --map-root-user --mount sh -c 'mount -o remount,bind,rw /usr && touch /usr/evil'`,
      `mount -o remount,rw /usr`,
      `mknod disk b 8 0 && cat disk`,
      `su -c true nobody`,
      `echo 1 > /proc/sys/kernel/panic`,
      `mkdir /sys/fs/cgroup/evil`,
    ),
};

describe(`at the level ${sandbox.level}`, () => {
  const root = temporaryFolder("attacks");
  const [projectId, deliveryId] = [randomUUID() as string, randomUUID() as string];
  let machine: Machine;
  let workspaces: WorkspacesPort;
  let commands: CommandsPort;
  let workspace: string;
  let victim: ChildProcess;
  const servers: Server[] = [];
  let connections = 0;

  beforeAll(async () => {
    process.stdout.write(`Attacks meet ${sandbox.level}: ${sandbox.description}\n`);
    const database = new URL((await testDatabase()).url);
    const listen = async (where: { port: number; host: string } | string) => {
      const server = createServer((socket) => ((connections += 1), socket.destroy()));
      servers.push(server);
      server.listen(where);
      await once(server, "listening");
      return server;
    };
    await mkdir(join(root, "secrets"));
    await writeFile(join(root, "secrets", "key"), SECRET);
    const server = await listen({ port: 0, host: "127.0.0.1" });
    await listen(join(root, "socket"));
    await listen(`\0${ABSTRACT}`);
    victim = spawn("sleep", ["600"], { env: { ...process.env, CANARY: "canary-victim" }, stdio: "ignore" });
    process.env["SLIPWAY_CANARY"] = "canary-server";
    machine = {
      root,
      secret: join(root, "secrets", "key"),
      // an address of TCP: AddressInfo, never a pipe's path
      serverPort: (server.address() as AddressInfo).port,
      database: { host: database.hostname, port: database.port },
      socket: join(root, "socket"),
      victim: victim.pid ?? 0,
    };
    workspaces = createWorkspaces({ dataDir: join(root, "data"), sandbox });
    commands = createCommands({ sandbox, workspaces });
    await workspaces.prepare({ projectId, deliveryId, stack: "node", projectName: "attacker" });
    workspace = (await workspaces.open(deliveryId)).path;
  });
  afterAll(() => {
    delete process.env["SLIPWAY_CANARY"];
    victim.kill("SIGKILL");
    for (const server of servers) server.close();
  });

  const run = (command: string, timeoutMs = 60_000) => commands.run({ deliveryId, command, timeoutMs });
  const limited = (command: string, more: Partial<Parameters<typeof sandbox.run>[0]>) =>
    sandbox.run({
      argv: ["/bin/sh", "-c", command],
      cwd: sandbox.inside({ source: workspace, target: "/workspace", mode: "rw" }),
      binds: [{ source: workspace, target: "/workspace", mode: "rw" }],
      identity: deliveryId,
      wallMs: 20_000,
      outputBytes: 100_000,
      onOutput: () => undefined,
      ...more,
    });
  const outside = () => ["/usr/bin/evil", "/usr/evil", "/etc/evil", join(root, "evil"), join(root, "x")].filter((path) => existsSync(path));

  test.each(Object.keys(ATTACKS))("cannot %s", async (attack) => {
    const { output, reason } = await run(ATTACKS[attack]?.(machine) ?? "");
    expect(reason).toBe("exited");
    for (const word of [DONE, SECRET, "canary-victim", "canary-server"]) expect(output).not.toContain(word);
    expect([outside(), connections, victim.exitCode, victim.signalCode]).toEqual([[], 0, null, null]);
  });

  test("every attack would be seen if it succeeded", async () => {
    const seen = await run(
      `${either("true")}; ${connect('80, "127.0.0.1"')} || node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => require("net").connect(s.address().port).on("connect", () => { console.log("connected"); process.exit() }))'`,
    );
    expect(seen.output).toContain(DONE);
    expect(seen.output).toContain("connected");
  });

  test("links that lead out are not followed by us either", async () => {
    await run(`ln -sf "${machine.secret}" key; ln -sfn "${root}" out; mkdir -p src; ln -sfn / src/root`);
    for (const path of ["key", "out/secrets/key", `src/root${machine.secret}`])
      await expect(workspaces.readFile(deliveryId, { path })).rejects.toMatchObject({
        code: expect.stringMatching(/path_outside_workspace|not_found/) as string,
      });
    for (const path of ["key", "out/evil", `src/root${root}/evil`]) await workspaces.writeFile(deliveryId, { path, content: "evil" }).catch(() => null);
    expect([readFileSync(machine.secret, "utf8"), outside()]).toEqual([SECRET, []]);
    await run("rm -f key out src/root");
  });

  test("hooks and configuration that it leaves for git do nothing later, outside", async () => {
    const proof = join(root, "proof");
    const act = `touch "${proof}"`;
    const hook = `printf '#!/bin/sh\\n${act}\\n' > "$h/$n"; chmod +x "$h/$n"`;
    await run(
      [
        `for h in .git/hooks hooks .githooks nested/.git/hooks; do mkdir -p $h; for n in pre-commit post-commit post-checkout post-index-change reference-transaction; do ${hook}; done; done`,
        `printf '[core]\\n\\thooksPath = hooks\\n\\tfsmonitor = ${act}\\n\\tsshCommand = ${act}\\n\\tpager = ${act}\\n[filter "x"]\\n\\tclean = ${act}\\n\\tsmudge = ${act}\\n[diff "x"]\\n\\ttextconv = ${act}\\n' | tee .gitconfig .git/config nested/.git/config config > /dev/null`,
        `mkdir -p nested/.git/objects nested/.git/refs bare/objects bare/refs; echo 'ref: refs/heads/main' | tee nested/.git/HEAD bare/HEAD; cp config bare/config`,
        `echo '* filter=x diff=x merge=x' > .gitattributes; echo hi > file.txt; printf '[submodule "s"]\\n\\tpath = s\\n\\turl = ext::sh -c %% ${act}\\n' > .gitmodules`,
      ].join("; "),
    );
    await workspaces.workingDiff(deliveryId);
    const attempt = await workspaces.commitAttempt(deliveryId, { round: 1, subject: "Hostile", trailers: {} });
    expect(attempt.files.map((file) => file.path)).toEqual(expect.arrayContaining(["hooks/post-commit", ".gitattributes"]));
    await workspaces.promote(deliveryId, attempt.sha);
    await workspaces.restore(deliveryId, attempt.sha);
    await workspaces.mergeToMain(projectId, attempt.sha);
    await workspaces.diff(projectId, attempt.sha, attempt.sha);
    // and a person who looks around with a git of their own
    for (const command of [["status"], ["log", "-p", "-1"], ["diff", "HEAD~1"]]) execFileSync("git", command, { cwd: workspace, stdio: "ignore" });
    expect(existsSync(proof)).toBe(false);
  });

  test("what it starts ends with it: fork bomb, endless loop, orphans", async () => {
    const mark = `8${randomInt(1e8, 1e9)}`;
    const bomb = await run(`b() { b | b & }; b; sleep ${mark}`, 2_000);
    expect(["timeout", "killed", "exited"]).toContain(bomb.reason);
    expect(await run("while :; do :; done", 1_000)).toMatchObject({ reason: "timeout" });
    // twice forked, in a session of its own, deaf to signals, without an open pipe
    const orphan = `trap "" TERM HUP INT; sleep 0.1; sleep ${mark}; touch late`;
    expect(
      await run(`(setsid sh -c '${orphan}' < /dev/null > /dev/null 2>&1 &) & (nohup sh -c '${orphan}' > /dev/null 2>&1 &); sleep 0.3; exit 0`),
    ).toMatchObject({ reason: "exited", exitCode: 0 });
    await expect.poll(() => commandLines().filter((line) => line.includes(mark))).toEqual([]);
    expect(existsSync(join(workspace, "late"))).toBe(false);
  });

  test("it cannot take the machine's memory, disk or our patience with its output", async () => {
    const eater = `const all = []; for (let i = 0; i < 128; i += 1) all.push(Buffer.alloc(32 * 1024 * 1024, 1)); console.log("${DONE}")`;
    const eaten = await run(`node -e '${eater}'`, 60_000);
    expect(eaten.reason).toBe("out_of_memory");
    expect(eaten.output).not.toContain(DONE);
    const loud = await run("yes canary | head -c 200000000; sleep 600");
    expect(loud.reason).toBe("output_limit");
    expect(loud.output.length).toBeLessThan(20_000);
    const filled = await limited(`i=0; while :; do head -c 20000000 /dev/zero > "part$i"; i=$((i+1)); done`, { diskBytes: 60_000_000 });
    expect(filled.reason).toBe("output_limit");
    const shared = await limited(`head -c 400000000 /dev/zero > /tmp/full || head -c 400000000 /dev/zero > /dev/shm/full`, {});
    expect(shared.exitCode).not.toBe(0);
  });
});
