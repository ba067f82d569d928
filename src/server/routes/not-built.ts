import { Router } from "express";
import { AppError } from "#errors";

/** Parts of the LangGraph Server API that other servers have and this one does not have yet. */
const NOT_BUILT: { paths: string[]; what: string }[] = [
  { paths: ["/docs", "/openapi.json"], what: "This page is" },
];

/**
 * Answers 404 and says plainly what is missing. Not 501: clients of the LangGraph SDK repeat a 5xx four times before they show it.
 * Mounted before the routes whose parameters would swallow these paths.
 */
export function notBuiltRoutes(): Router {
  const router = Router();
  for (const { paths, what } of NOT_BUILT) {
    router.all(paths, () => {
      throw new AppError("not_found", `${what} not built yet in this server.`);
    });
  }
  return router;
}
