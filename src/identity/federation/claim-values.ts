// The condition keys of an OIDC token.

import type { NamedValues } from '../policies/call-values.ts';

/** The claims of a token, by name. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * Names the claims of a token as condition keys: the name of the provider, a colon, and the claim. All
 * claims that are strings, numbers, booleans, or lists of these have one. `aud` is the client for which
 * the token was issued, and `oaud` the claim `aud` itself.
 */
export function claimValues(provider: string, claims: Claims, audience: string): NamedValues {
  const named = Object.entries(claims).map(
    ([claim, value]) => [`${provider}:${claim}`, textsOf(value)] as const,
  );
  const own = { [`${provider}:aud`]: audience, [`${provider}:oaud`]: textsOf(claims['aud']) };
  return { ...Object.fromEntries(named), ...own };
}

function textsOf(value: unknown): string | readonly string[] | undefined {
  if (!Array.isArray(value)) return textOf(value);
  const texts = value.map(textOf);
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
