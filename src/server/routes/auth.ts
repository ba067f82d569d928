import type { Router } from "express";
import { z } from "zod";
import { AppError } from "#errors";
import type { KeysService } from "#ports/identity.ts";
import { KeyAnswer, KeyBody, KeyPath, KeysQuery, MeAnswer, NewKeyAnswer } from "#protocol/identity.ts";
import type { RouteContext } from "../context.ts";
import { endpoints } from "../endpoint.ts";
import { json, nothing } from "../openapi/answers.ts";

/** Who the caller is, and the keys they have. */
export function authRoutes({ services, caller }: RouteContext): Router {
  const { router, get, post, delete: remove } = endpoints("Identity", caller);

  get("/auth/me", { summary: "Who the caller is, and may do", answers: json(MeAnswer) }, ({ who, response }) => {
    response.json({
      identity: who.owner,
      display_name: who.user?.display_name ?? who.owner,
      role: who.rights?.role ?? null,
      scopes: who.rights?.scopes ?? null,
      expires_at: who.credential?.expiresAt?.toISOString() ?? null,
    });
  });

  post(
    "/auth/keys",
    {
      summary: "Make an API key",
      about: "The answer is the only one that holds the key. Takes the scope `admin`; a key gets no scope that its maker has not.",
      body: KeyBody,
      answers: json(NewKeyAnswer),
    },
    async ({ who, body, response }) => {
      response.set("cache-control", "no-store").json(await mustHave(services.keys).create(who, body));
    },
  );

  get(
    "/auth/keys",
    { summary: "List API keys", query: KeysQuery, answers: json(z.object({ items: z.array(KeyAnswer) })) },
    async ({ who, query, response }) => {
      response.json({ items: await mustHave(services.keys).list(who, query) });
    },
  );

  remove("/auth/keys/:key_id", { summary: "Revoke an API key, at once", path: KeyPath, answers: nothing("Revoked.") }, async ({ who, path, response }) => {
    await mustHave(services.keys).revoke(who, path.key_id);
    response.status(204).end();
  });

  return router;
}

function mustHave(keys: KeysService | null | undefined): KeysService {
  if (!keys) throw new AppError("not_found", "API keys are not in use here. AUTH=api-key turns them on.");
  return keys;
}
