import { SignJWT, type JWTPayload } from "jose";

export const JWT_SECRET = "a secret of this test, long enough for HS256";

/** A token of `AUTH=jwt` with this secret; `expires` in seconds from now. */
export function signToken(claims: JWTPayload & { sub?: string }, options: { expires?: number | null; secret?: string } = {}): Promise<string> {
  const { expires = 3_600, secret = JWT_SECRET } = options;
  const token = new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setIssuedAt();
  if (expires !== null) token.setExpirationTime(Math.floor(Date.now() / 1_000) + expires);
  return token.sign(new TextEncoder().encode(secret));
}

export async function bearer(claims: JWTPayload & { sub?: string }, options?: { expires?: number | null; secret?: string }): Promise<Record<string, string>> {
  return { authorization: `Bearer ${await signToken(claims, options)}` };
}
