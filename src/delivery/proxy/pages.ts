import type { IncomingMessage, ServerResponse } from "node:http";

const TITLES: Record<number, string> = { 404: "No such service", 502: "The service broke off", 503: "The service is not running" };

/** Answers with plain words: a small page for a browser, a line of text for anything else. Does nothing when the answer has begun. */
export function sendPage(request: IncomingMessage, response: ServerResponse, status: 404 | 502 | 503, words: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const title = TITLES[status] ?? "Error";
  const html = (request.headers.accept ?? "").includes("text/html");
  const body = html
    ? `<!doctype html><meta charset="utf-8"><title>${title}</title><body style="font:16px/1.5 system-ui;max-width:36rem;margin:4rem auto;padding:0 1rem"><h1>${title}</h1><p>${escapeHtml(words)}</p>`
    : `${title}. ${words}\n`;
  response.writeHead(status, {
    "content-type": html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    ...(status === 503 ? { "retry-after": "2" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
