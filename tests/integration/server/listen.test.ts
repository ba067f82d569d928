import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import express from "express";
import { expect, test } from "vitest";
import { listen } from "#server/listen.ts";

async function takePort(): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void (await once(server.close(), "close")) };
}

test("a taken port that nobody asked for gives the next free one, and says from where", async () => {
  await using taken = await takePort();
  await using server = await listen(express(), { host: "127.0.0.1", port: taken.port, portWasAsked: false });
  expect(server.port).toBeGreaterThan(taken.port);
  expect(server.movedFrom).toBe(taken.port);
});

test("a taken port that was asked for is an error that names it", async () => {
  await using taken = await takePort();
  await expect(listen(express(), { host: "127.0.0.1", port: taken.port, portWasAsked: true })).rejects.toMatchObject({
    code: "port_taken",
    message: expect.stringContaining(String(taken.port)),
  });
});

test("an ephemeral port is no move", async () => {
  await using server = await listen(express(), { host: "127.0.0.1", port: 0, portWasAsked: true });
  expect(server.movedFrom).toBeNull();
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
});

test("a host that is not this machine's is a configuration error", async () => {
  await expect(listen(express(), { host: "192.0.2.1", port: 0, portWasAsked: true })).rejects.toMatchObject({ code: "invalid_config" });
});

test("closing lets an open answer end, takes nothing new, and can be repeated", async () => {
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const app = express().get("/slow", async (_request, response) => {
    reached.resolve();
    await go.promise;
    response.send("done");
  });
  const server = await listen(app, { host: "127.0.0.1", port: 0, portWasAsked: true });
  const slow = fetch(`${server.url}/slow`);
  await reached.promise;
  const closed = server.close({ graceMs: 60_000 });
  await expect(fetch(`${server.url}/slow`)).rejects.toThrowError();
  go.resolve();
  expect(await (await slow).text()).toBe("done");
  await closed;
  await server.close({ graceMs: 0 });
});

test("closing cuts what does not end within its grace", async () => {
  const reached = Promise.withResolvers<void>();
  const app = express().get("/never", () => reached.resolve());
  const server = await listen(app, { host: "127.0.0.1", port: 0, portWasAsked: true });
  const never = expect(fetch(`${server.url}/never`)).rejects.toThrowError();
  await reached.promise;
  await server.close({ graceMs: 10 });
  await never;
});
