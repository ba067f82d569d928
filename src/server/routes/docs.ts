import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Router } from "express";
import { z } from "zod";
import { AppError } from "#errors";
import { JsonRecord } from "#protocol/fields.ts";
import type { RouteContext } from "../context.ts";
import { endpoints, endpointsOf } from "../endpoint.ts";
import { json, text } from "../openapi/answers.ts";
import { type DocumentOptions, openApiDocument } from "../openapi/document.ts";

/** The files of Swagger UI that the page needs, and nothing else of its folder. */
const FILES: Record<string, string> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
  "favicon-32x32.png": "image/png",
};
const START = "start.js";

/** Only what comes from here runs or shows; the pictures are in its style sheet. Everything else stays as for all answers. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FilePath = z.object({ file: z.enum([...Object.keys(FILES), START]) });

/**
 * `/openapi.json`, and `/docs` to read and try it. Open to everybody as `/info` is: a browser brings no credentials to a page, and neither says more
 * than this program's source does. `http.disable_meta` takes both away.
 *
 * @param others what the document describes, besides these two
 */
export function docsRoutes({ services, caller }: RouteContext, others: readonly Router[], options: Omit<DocumentOptions, "version">): Router {
  const { router, get } = endpoints("System", caller);
  const folder = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  let written: string | null = null;
  // at the first request: a server that nobody asks for it need not write it
  const document = () =>
    (written ??= JSON.stringify(openApiDocument([...others, router].flatMap(endpointsOf), { version: services.system.info().version, ...options })));

  get("/openapi.json", { summary: "Get this document", open: true, answers: json(JsonRecord, "OpenAPI 3.1.") }, ({ response }) => {
    response.type("application/json").send(document());
  });

  get("/docs", { summary: "Read and try the API in a browser", open: true, answers: text("text/html", "The page.") }, ({ request, response }) => {
    // the page names its files relative to itself, so that it works under any prefix
    if (request.path.endsWith("/")) return response.redirect(308, "../docs");
    response.set("content-security-policy", POLICY).type("text/html").send(PAGE);
  });

  get(
    "/docs/:file",
    { summary: "Get a file of that page", open: true, path: FilePath, answers: text("*/*", "The file.") },
    async ({ path: { file }, response }) => {
      response.set({ "cache-control": "no-cache", "content-type": FILES[file] ?? "text/javascript; charset=utf-8" });
      if (file === START) return void response.send(SCRIPT);
      await new Promise<void>((sent, failed) => {
        response.sendFile(join(folder, file), { cacheControl: false, dotfiles: "allow" }, (error?: Error) => {
          if (error === undefined || response.headersSent) sent();
          else failed(new AppError("not_found", `${file} is not installed.`, { cause: error }));
        });
      });
    },
  );

  return router;
}

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Slipway API</title>
    <link rel="icon" href="docs/favicon-32x32.png" />
    <link rel="stylesheet" href="docs/swagger-ui.css" />
  </head>
  <body>
    <div id="api"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/${START}"></script>
  </body>
</html>
`;

/** No validator of another site is asked. */
const SCRIPT = `window.ui = SwaggerUIBundle({ url: "openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null, defaultModelsExpandDepth: 0 });
`;
