import { Router } from "express";
import { AppError } from "#errors";
import { namespaceFault, StoreDelete, StoreGet, StoreNamespaces, StorePut, StoreSearch } from "#protocol/store.ts";
import type { RouteContext } from "../context.ts";
import { parse } from "../parse.ts";

/** The long-term memory that threads of one owner share. */
export function storeRoutes({ services: { store }, caller }: RouteContext): Router {
  const router = Router();

  router.put("/store/items", async (request, response) => {
    const item = parse(StorePut, request.body, "body");
    checkNamespace(item.namespace, { empty: false });
    await store.put(caller(request), item);
    response.status(204).end();
  });

  router.get("/store/items", async (request, response) => {
    const address = parse(StoreGet, request.query, "query");
    checkNamespace(address.namespace, { empty: false });
    response.json(await store.get(caller(request), address));
  });

  router.delete("/store/items", async (request, response) => {
    const address = parse(StoreDelete, request.body, "body");
    checkNamespace(address.namespace, { empty: false });
    await store.delete(caller(request), address);
    response.status(204).end();
  });

  router.post("/store/items/search", async (request, response) => {
    const search = parse(StoreSearch, request.body, "body");
    checkNamespace(search.namespace_prefix, { empty: true });
    response.json({ items: await store.search(caller(request), search) });
  });

  router.post("/store/namespaces", async (request, response) => {
    const search = parse(StoreNamespaces, request.body, "body");
    checkNamespace(search.prefix ?? [], { empty: true });
    checkNamespace(search.suffix ?? [], { empty: true });
    response.json({ namespaces: await store.namespaces(caller(request), search) });
  });

  return router;
}

function checkNamespace(namespace: string[], { empty }: { empty: boolean }): void {
  if (namespace.length === 0 && !empty) throw new AppError("invalid_request", "Namespace is required");
  const fault = namespaceFault(namespace);
  if (fault !== null) throw new AppError("unreadable_answer", fault);
}
