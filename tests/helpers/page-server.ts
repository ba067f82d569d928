import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const PAGES = fileURLToPath(new URL("../fixtures/browser/pages", import.meta.url));

/** Pages on an address of their own, so that what they ask of the server is asked across origins. */
export interface PageServer extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
}

/** The script of `tests/fixtures/browser/pages/<name>.tsx` with all that it imports, as a browser runs it. */
export async function bundlePage(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${PAGES}/${name}.tsx`],
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    target: "es2022",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"', "process.env": "{}" },
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}

export function pageAround(name: string, script: string): string {
  // a closing tag inside the script would end it
  const safe = script.replaceAll("</script", String.raw`<\/script`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title><link rel="icon" href="data:,"><div id="root"></div><script>${safe}</script></html>`;
}

/** Serves `/<name>` for each of the pages. */
export async function startPageServer(names: readonly string[]): Promise<PageServer> {
  const pages = new Map<string, string>(await Promise.all(names.map(async (name) => [`/${name}`, pageAround(name, await bundlePage(name))] as const)));
  const server = createServer((request, response) => {
    const page = pages.get(new URL(request.url ?? "/", "http://localhost").pathname);
    response.writeHead(page === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" }).end(page);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // an AF_INET server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
