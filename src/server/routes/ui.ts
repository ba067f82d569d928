import { extname } from "node:path";
import type { Request, Router } from "express";
import { AppError } from "#errors";
import { UiFilePath, UiPath, UiRequest } from "#protocol/ui.ts";
import type { UiFile } from "#ports/services/ui.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { text } from "../openapi/answers.ts";

const TYPES: Record<string, string> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".woff2": "font/woff2",
};

/** Components of a graph for `LoadExternalComponent`: a piece of HTML that loads the bundle, and the bundle. */
export function uiRoutes({ services: { ui }, caller }: RouteContext, prefix: string): Router {
  const { router, get, post } = endpoints("Components", caller);

  post(
    "/ui/:graph",
    { summary: "Get the HTML that loads a component", path: UiPath, body: UiRequest, answers: text("text/html", "A piece of HTML.") },
    async ({ path: { graph }, body: { name }, request, response }) => {
      const files = await ui.files(graph);
      const base = `${baseAddress(request)}${prefix}/ui/${encodeURIComponent(graph)}`;
      response.type("text/html").send(pageOf({ files, base, name, globalName: ui.globalName(graph) }));
    },
  );

  // open to everybody, as a page loads it with a script tag
  get(
    "/ui/:graph/:file",
    { summary: "Get a built file of a graph's components", open: true, path: UiFilePath, answers: text("*/*", "The file.") },
    async ({ path: { graph, file }, response }) => {
      const found = (await ui.files(graph)).find(({ name }) => name === file);
      if (found === undefined) throw new AppError("not_found", "File not found");
      response.set({
        "content-type": TYPES[extname(file)] ?? "application/octet-stream",
        "cross-origin-resource-policy": "cross-origin",
        "cache-control": "no-cache",
      });
      response.end(found.contents);
    },
  );

  return router;
}

/** Without a scheme it is the page's own, but for this machine, which speaks no TLS. */
function baseAddress(request: Request): string {
  const host = request.get("host") ?? "localhost";
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(host) ? `http://${host}` : `//${host}`;
}

/**
 * The page replaces `{{shadowRootId}}` once, so the name must not hold it; and the name is a stranger's text inside a script inside an
 * attribute, so it is written as a script literal and that as an attribute.
 */
function pageOf({ files, base, name, globalName }: { files: readonly UiFile[]; base: string; name: string; globalName: string }): string {
  const lines = files
    .filter((file) => extname(file.name) === ".css")
    .map((file) => `<link rel="stylesheet" href="${attribute(`${base}/${encodeURIComponent(file.name)}`)}" />`);
  const script = files.find((file) => extname(file.name) === ".js");
  if (script !== undefined) {
    const call = `${globalName}.render(${JSON.stringify(name).replaceAll("{", String.raw`\u007b`)}, "{{shadowRootId}}")`;
    lines.push(`<script src="${attribute(`${base}/${encodeURIComponent(script.name)}`)}" onload='${attribute(call, "'")}'></script>`);
  }
  return lines.join("\n");
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** @param quote that stands around it; the other one may stay, as clients look for it */
function attribute(text: string, quote: `"` | "'" = `"`): string {
  return text.replaceAll(/[&<>"']/g, (character) => (`"'`.includes(character) && character !== quote ? character : (ENTITIES[character] ?? character)));
}
