import type { NextFunction, Request, Response } from "express";

/** Answers are data, never pages: nothing is sniffed, framed, run or kept. */
export function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-site",
    "cache-control": "no-store",
  });
  next();
}
