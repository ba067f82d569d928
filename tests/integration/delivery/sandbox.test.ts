import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { detectSandbox, type DetectOptions } from "#delivery/sandbox/detect.ts";
import type { Sandbox, SandboxRun } from "#delivery/sandbox/sandbox.ts";
import { commandLines } from "../../helpers/command-lines.ts";
import { describeUnless } from "../../helpers/unless.ts";

/** Every level that this machine offers, with and without control groups. Bubblewrap is tested where it is installed. */
const LEVELS: { name: string; options: Partial<DetectOptions> }[] = [
  { name: "bubblewrap", options: { levels: ["bubblewrap"], bubblewrapProgram: process.env["SLIPWAY_TEST_BWRAP"] ?? "bwrap" } },
  { name: "namespaces", options: { levels: ["namespaces"] } },
  { name: "namespaces, memory watched", options: { levels: ["namespaces"], withoutCgroups: true } },
];

let root: string;
let workspace: string;
let secret: string;
let tcp: Server;
let unix: Server;
let connections = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-sandbox-"));
  // as in a checkout under a home that is closed to others
  await chmod(root, 0o700);
  workspace = join(root, "workspaces", "one");
  await mkdir(workspace, { recursive: true });
  await mkdir(join(root, "secrets"));
  secret = join(root, "secrets", "key");
  await writeFile(secret, "the-secret-key");
  tcp = createServer((socket) => (connections++, socket.destroy())).listen(0, "127.0.0.1");
  unix = createServer((socket) => (connections++, socket.destroy())).listen(join(root, "socket"));
  await Promise.all([once(tcp, "listening"), once(unix, "listening")]);
});
afterAll(async () => {
  tcp.close();
  unix.close();
  await rm(root, { recursive: true, force: true });
});

const HOSTILE = (port: number): Record<string, string> => ({
  "read /etc/shadow": `cat /etc/shadow`,
  "list a home": `ls /root/.ssh /home/* "${process.env["HOME"] ?? "/root"}"/.npm`,
  "read the secrets": `cat "${secret}"`,
  "read the secrets through a link": `ln -s "${secret}" link && cat link`,
  "read the secrets through /proc/1/root": `cat "/proc/1/root${secret}" || cat "/proc/1/cwd${secret}"`,
  "list DATA_DIR": `ls "${root}"`,
  "write to the system": `touch /usr/bin/evil || touch /etc/evil || touch /evil || touch /opt/slipway/evil`,
  "write outside": `touch "${root}/evil"`,
  "mount again": `mount -t tmpfs none /mnt || mount -o remount,rw /usr || umount /usr`,
  "mount in a namespace of its own": `unshare --user --map-root-user --mount sh -c 'mount -o remount,bind,rw /usr && touch /usr/evil'`,
  "regain privileges": `chmod u+s /bin/sh || su -c true || setpriv --reuid=0 grep CapEff /proc/self/status | grep -v 0000000000000000`,
  "make a device": `mknod disk b 8 0 && cat disk`,
  "connect to 127.0.0.1": `node -e 'require("net").connect(${port}, "127.0.0.1").on("connect", () => process.exit(0)).on("error", () => process.exit(1))'`,
  "connect to a unix socket": `node -e 'require("net").connect("${root}/socket").on("connect", () => process.exit(0)).on("error", () => process.exit(1))'`,
  "reach the internet": `node -e 'require("net").connect(53, "1.1.1.1").on("connect", () => process.exit(0)).on("error", () => process.exit(1))'`,
  "signal the server": `kill -0 ${process.pid} || kill -0 ${process.ppid}`,
  "see other processes": `grep -al "[v]itest" /proc/[0-9]*/cmdline 2>/dev/null`,
  "read the server's environment": `env | grep -i canary || cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -i canary`,
  "use a control group": `mkdir /sys/fs/cgroup/evil`,
  "write kernel settings": `echo 1 > /proc/sys/kernel/panic || echo b > /proc/sysrq-trigger`,
});

for (const { name, options } of LEVELS) {
  const available = await detectSandbox({ allowUnsandboxed: false, ...options }).catch(() => null);
  describeUnless(available === null ? `${options.levels?.[0]} does not work on this machine` : null, name, () => {
    // not null: the block is skipped then
    const sandbox = available as Sandbox;
    const run = async (command: string, more: Partial<SandboxRun> = {}): Promise<{ output: string } & Awaited<ReturnType<Sandbox["run"]>>> => {
      let output = "";
      const bind = { source: workspace, target: "/workspace", mode: "rw" as const };
      const result = await sandbox.run({
        argv: ["/bin/sh", "-c", command],
        cwd: "/workspace",
        binds: [bind],
        identity: "one",
        wallMs: 60_000,
        outputBytes: 1_000_000,
        onOutput: (chunk) => (output += chunk.toString("utf8")),
        ...more,
      });
      return { output, ...result };
    };

    test.each(Object.keys(HOSTILE(0)))("cannot %s", async (attack) => {
      process.env["SLIPWAY_CANARY"] = "canary";
      const { port } = tcp.address() as AddressInfo;
      const before = connections;
      const { output, exitCode, reason } = await run(HOSTILE(port)[attack] ?? "true");
      expect(reason).toBe("exited");
      expect(exitCode).not.toBe(0);
      expect(output).not.toContain("the-secret-key");
      expect(connections).toBe(before);
      for (const path of ["/usr/bin/evil", "/usr/evil", "/etc/evil", "/evil", join(root, "evil")]) expect(existsSync(path)).toBe(false);
    });

    test("the honest things work: write the workspace, listen on 127.0.0.1, /tmp, tools, exit codes, environment", async () => {
      const { output, exitCode } = await run(
        `echo hi > made && cat made && echo x > /tmp/y && node -e 'const s=require("http").createServer((q,r)=>r.end("served")).listen(0,"127.0.0.1",async()=>{console.log(await(await fetch("http://localhost:"+s.address().port)).text());s.close()})' && echo "$GREETING" && env | cut -d= -f1 | sort | tr '\\n' ' '; exit 7`,
        { env: { GREETING: "a 'quoted' \"$(id)\"\nvalue" } },
      );
      expect(output).toContain("hi\nserved\na 'quoted' \"$(id)\"\nvalue\n");
      expect(output).not.toContain("SLIPWAY");
      expect(exitCode).toBe(7);
      expect(await readFile(join(workspace, "made"), "utf8")).toBe("hi\n");
    });

    test("a fork bomb, threads without end and setsid children end with it", async () => {
      const mark = `6${randomInt(1e8, 1e9)}`;
      const bomb = await run(`b() { b | b & }; b; sleep ${mark}`, { wallMs: 4_000 });
      expect(["timeout", "killed", "exited"]).toContain(bomb.reason);
      const detached = await run(`setsid sh -c 'sleep ${mark}' & setsid sleep ${mark} & while :; do :; done`, { wallMs: 2_000 });
      expect(detached).toMatchObject({ reason: "timeout", exitCode: null });
      const background = await run(`setsid sleep ${mark} & exit 0`);
      expect(background).toMatchObject({ reason: "exited", exitCode: 0 });
      await expect.poll(() => commandLines().filter((line) => line.includes(mark))).toEqual([]);
    });

    test("4 GB of memory are refused as such", async () => {
      const eater = `const all=[];for(;;){all.push(Buffer.alloc(32*1024*1024,1))}`;
      const { reason, limit } = await run(`node -e '${eater}'`, { limits: { memoryBytes: 300 * 1024 * 1024 } });
      expect(reason).toBe("out_of_memory");
      expect(limit).toContain("300 MB");
    });

    test("100 MB of output are cut off and cost nothing", async () => {
      let kept = 0;
      const { reason } = await run(`head -c 100000000 /dev/zero; sleep 600`, { outputBytes: 1_000_000, onOutput: (chunk) => (kept += chunk.length) });
      expect(reason).toBe("output_limit");
      expect(kept).toBe(1_000_000);
    });

    test("files and disk have limits", async () => {
      expect((await run(`head -c 50000000 /dev/zero > big`, { limits: { fileBytes: 1_000_000 } })).exitCode).not.toBe(0);
      const filled = await run(`i=0; while :; do head -c 20000000 /dev/zero > "part$i"; i=$((i+1)); done`, { diskBytes: 100_000_000, wallMs: 120_000 });
      expect(filled).toMatchObject({ reason: "output_limit", limit: expect.stringContaining("to disk") });
      expect((await run(`head -c 400000000 /dev/zero > /tmp/full`)).exitCode).not.toBe(0);
      await run(`rm -f part* big`);
    });

    test("cancelling ends it", async () => {
      const controller = new AbortController();
      const running = run(`echo begun; sleep 600`, { signal: controller.signal, onOutput: () => controller.abort() });
      expect(await running).toMatchObject({ reason: "killed", limit: "It was cancelled." });
    });

    test("a supervised program hears TERM through its process group, and KILL leaves nothing", async () => {
      const script = `process.on("SIGTERM", () => { console.log("term"); }); console.log("up"); setInterval(() => {}, 1000);`;
      const command = sandbox.command({
        argv: [sandbox.toolchain.node, "-e", script],
        cwd: "/",
        binds: [],
        identity: "app",
        network: "host",
        limits: { cpuSeconds: null },
      });
      const child = spawn(command.file, command.args, { env: command.env, detached: true, stdio: ["ignore", "pipe", "inherit"] });
      const lines: string[] = [];
      child.stdout?.on("data", (chunk: Buffer) => lines.push(chunk.toString("utf8")));
      const exited = once(child, "exit");
      await expect.poll(() => lines.join("")).toContain("up");
      process.kill(-(child.pid ?? 0), "SIGTERM");
      await expect.poll(() => lines.join("")).toContain("term");
      expect(child.exitCode).toBeNull();
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await exited;
    });

    test("it dies with the process that started it", async () => {
      const mark = `7${randomInt(1e8, 1e9)}`;
      const command = sandbox.command({ argv: ["/bin/sleep", mark], cwd: "/", binds: [], identity: "orphan" });
      const starter = `const {spawn}=require("child_process");const c=JSON.parse(process.argv[1]);spawn(c.file,c.args,{env:c.env,detached:true,stdio:"ignore"});setInterval(()=>{},1000)`;
      const parent = spawn(process.execPath, ["-e", starter, JSON.stringify(command)], { stdio: "ignore" });
      await expect.poll(() => commandLines().some((line) => line === `/bin/sleep ${mark}`)).toBe(true);
      parent.kill("SIGKILL");
      await expect.poll(() => commandLines().some((line) => line.includes(mark))).toBe(false);
    });

    test("a sandbox that cannot be entered is the machine's fault", async () => {
      await expect(run("true", { cwd: "/does-not-exist" })).rejects.toMatchObject({ code: "test_infrastructure" });
      await expect(run("true", { binds: [{ source: join(root, "absent"), target: "/absent", mode: "ro" }], cwd: "/" })).rejects.toMatchObject({
        code: "test_infrastructure",
      });
    });
  });
}

test("a machine that offers nothing says what to install", async () => {
  await expect(detectSandbox({ allowUnsandboxed: false, levels: [] })).rejects.toMatchObject({
    code: "sandbox_unavailable",
    message: expect.stringContaining("apt install bubblewrap"),
  });
  expect(await detectSandbox({ allowUnsandboxed: true, levels: [] })).toMatchObject({ level: "none" });
});
