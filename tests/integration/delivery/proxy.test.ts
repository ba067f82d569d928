import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { beforeAll, expect, test } from "vitest";
import type { DeployOutcome, ReleasesPort } from "../../../src/ports/releases.ts";
import { deployableProject, type DeployableProject } from "../../helpers/deployable.ts";
import { deliveryWorld, until } from "../../helpers/delivery-world.ts";
import { ask, startLoad } from "../../helpers/load.ts";

const world = deliveryWorld();
let project: DeployableProject;
let host: string;
let at: number;
let port: ReleasesPort;
let live: DeployOutcome;

beforeAll(async () => {
  port = world.releases({ watchMs: 0, backoffMs: 20 }).forOwner("local");
  project = await deployableProject(world.database, world.dataDir);
  live = await port.deploy(await project.commit({ fixture: "healthy.js" }));
  host = `${project.slug}.localhost`;
  at = await world.proxyPort();
});

test("routes by Host, whatever its port and case, and says plainly what it does not know", async () => {
  expect((await ask({ port: at, host: `${host.toUpperCase()}:9999` })).body).toBe(live.release.id);
  const unknown = await ask({ port: at, host: "nobody.localhost" });
  expect([unknown.status, unknown.body]).toEqual([404, 'No such service. Nothing called "nobody" is deployed here.\n']);
  const page = await ask({ port: at, host: "no<b>ody.localhost", headers: { accept: "text/html" } });
  expect(page.status).toBe(404);
  expect(page.headers["content-type"]).toContain("text/html");
  expect((await ask({ port: at, host: "127.0.0.1" })).status).toBe(404);
});

test("passes bodies both ways, chunked or not, and tells the app who asked for what", async () => {
  const big = "0123456789".repeat(200_000);
  const answer = await ask({ port: at, host, path: "/echo", method: "POST", body: big, headers: { "x-forwarded-host": "forged.example" } });
  expect(answer.body).toBe(big);
  expect(answer.headers["x-seen"]).toBe(host);
  const deleted = await ask({ port: at, host, path: "/echo", method: "DELETE", body: "gone", headers: { "transfer-encoding": "chunked" } });
  expect(deleted.body).toBe("gone");
});

test("streams: the first event arrives while the answer is still open", async () => {
  const first = await new Promise<string>((resolve, reject) => {
    const outgoing = httpRequest({ host: "127.0.0.1", port: at, path: "/events", headers: { host } }, (answer) => {
      answer.once("data", (piece: Buffer) => {
        resolve(piece.toString("utf8"));
        outgoing.destroy();
      });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
  expect(first).toBe("data: first\n\n");
});

test("passes an upgraded connection on, and cuts it when its release leaves; a slow request is waited for", async () => {
  const socket = connect(at, "127.0.0.1");
  socket.on("error", () => {});
  let text = "";
  socket.on("data", (piece) => (text += piece.toString("utf8")));
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.write(`GET /ws HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n`);
  await until(async () => text.includes("101 Switching Protocols"));
  socket.write("hello");
  await until(async () => text.endsWith("hello"));

  const slow = ask({ port: at, host, path: "/slow?ms=2000" });
  // it is with the old release before the new one is asked for
  await until(async () => (await ask({ port: at, host })).body === live.release.id);
  const old = live;
  live = await port.deploy(await project.commit({ fixture: "healthy.js" }));
  await closed;
  expect((await slow).body).toBe(old.release.id);
  await until(async () => (await port.status(project.id)).releases.find((one) => one.id === old.release.id)?.status === "retired");
});

test("holds requests while a crashed app is restarted", async () => {
  const before = (await world.slot(live.release.id))?.process?.pid;
  // a POST that breaks the app gets a plain answer; it is not repeated
  const broke = await ask({ port: at, host, path: "/crash", method: "POST" });
  expect([broke.status, broke.body]).toEqual([502, `The service broke off. "${project.slug}" closed the connection before it answered.\n`]);
  const load = startLoad({ port: at, host, clients: 3 });
  await until(async () => {
    const pid = (await world.slot(live.release.id))?.process?.pid;
    return pid !== undefined && pid !== before;
  });
  await until(async () => (await ask({ port: at, host })).status === 200);
  expect((await load.stop()).failures).toEqual([]);
});

test("survives nonsense", async () => {
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(at, "127.0.0.1");
    let text = "";
    socket.on("data", (piece) => (text += piece.toString("utf8")));
    socket.on("close", () => resolve(text));
    socket.write("\0\u0001 nonsense\r\n\r\n");
  });
  expect(answer).toContain("400");
  expect((await ask({ port: at, host })).status).toBe(200);
});
