// Authorization codes, which clients on the person's machine exchange for tokens. @see RFC 7636

import { createHash } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import type { Person } from './person.ts';
import { digestOf } from './tokens.ts';

const codeMs = 60_000;
const codeCountMax = 1000;

/** What a code was given for. */
export interface CodeGrant {
  readonly clientId: string;
  readonly redirectUri: string;
  /** `code_challenge`, method S256. */
  readonly challenge: string;
  readonly person: Person;
}

/** The codes that were given out. Each can be used once, within a minute. */
export class AuthorizationCodes {
  readonly #random: Random;
  /** By digest; the oldest is first. */
  readonly #grants = new Map<string, CodeGrant & { readonly expiresMs: number }>();

  constructor(random: Random) {
    this.#random = random;
  }

  give(grant: CodeGrant, nowMs: number): string {
    const code = this.#random.bytes(32).toString('base64url');
    this.#grants.set(digestOf(code), { ...grant, expiresMs: nowMs + codeMs });
    const [oldest] = this.#grants.keys();
    if (this.#grants.size > codeCountMax && oldest !== undefined) this.#grants.delete(oldest);
    return code;
  }

  /** Exchanges a code; undefined if it is not valid for this client, address and verifier. */
  take(
    code: string,
    asked: {
      readonly clientId: string;
      readonly redirectUri: string;
      readonly verifier: string;
    },
    nowMs: number,
  ): Person | undefined {
    const digest = digestOf(code);
    const grant = this.#grants.get(digest);
    this.#grants.delete(digest);
    if (grant === undefined || grant.expiresMs <= nowMs) return undefined;
    const challenge = createHash('sha256').update(asked.verifier).digest('base64url');
    const fits =
      grant.clientId === asked.clientId &&
      grant.redirectUri === asked.redirectUri &&
      grant.challenge === challenge;
    return fits ? grant.person : undefined;
  }
}
