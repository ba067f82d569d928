import type { Router } from "express";
import { z } from "zod";
import { AppError } from "#errors";
import { namespaceFault, StoreDelete, StoreGet, StoreItem, StoreNamespaces, StorePut, StoreSearch } from "#protocol/store.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json, nothing } from "../openapi/answers.ts";

/** The long-term memory that threads of one owner share. */
export function storeRoutes({ services: { store }, caller }: RouteContext): Router {
  const { router, get, post, put, delete: remove } = endpoints("Store", caller);

  put("/store/items", { summary: "Put an item", body: StorePut, answers: nothing() }, async ({ who, body, response }) => {
    checkNamespace(body.namespace, { empty: false });
    await store.put(who, body);
    response.status(204).end();
  });

  get("/store/items", { summary: "Get an item", query: StoreGet, answers: json(StoreItem.nullable()) }, async ({ who, query, response }) => {
    checkNamespace(query.namespace, { empty: false });
    response.json(await store.get(who, query));
  });

  remove("/store/items", { summary: "Delete an item", body: StoreDelete, answers: nothing() }, async ({ who, body, response }) => {
    checkNamespace(body.namespace, { empty: false });
    await store.delete(who, body);
    response.status(204).end();
  });

  post(
    "/store/items/search",
    { summary: "Search items, by meaning too", body: StoreSearch, answers: json(z.object({ items: z.array(StoreItem) })) },
    async ({ who, body, response }) => {
      checkNamespace(body.namespace_prefix, { empty: true });
      response.json({ items: await store.search(who, body) });
    },
  );

  post(
    "/store/namespaces",
    { summary: "List namespaces", body: StoreNamespaces, answers: json(z.object({ namespaces: z.array(z.array(z.string())) })) },
    async ({ who, body, response }) => {
      checkNamespace(body.prefix ?? [], { empty: true });
      checkNamespace(body.suffix ?? [], { empty: true });
      response.json({ namespaces: await store.namespaces(who, body) });
    },
  );

  return router;
}

function checkNamespace(namespace: string[], { empty }: { empty: boolean }): void {
  if (namespace.length === 0 && !empty) throw new AppError("invalid_request", "Namespace is required");
  const fault = namespaceFault(namespace);
  if (fault !== null) throw new AppError("unreadable_answer", fault);
}
