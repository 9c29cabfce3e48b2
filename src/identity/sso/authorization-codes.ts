// Authorization codes, which clients on the person's machine exchange for tokens. @see RFC 7636

import { createHash } from 'node:crypto';
import { FairPool } from '../../base/fair-pool.ts';
import type { Random } from '../../base/random.ts';
import { type Person, personId } from './person.ts';
import { digestOf } from './tokens.ts';

const codeMs = 60_000;
/** Maximum number of codes, which people share fairly. */
export const codeCountMax = 1000;

/** What a code was given for. */
export interface CodeGrant {
  /** The digest of the client's id. */
  readonly clientDigest: string;
  readonly redirectUri: string;
  /** `code_challenge`, method S256. */
  readonly challenge: string;
  readonly person: Person;
}

interface Given extends CodeGrant {
  readonly digest: string;
  readonly expiresMs: number;
}

/** The codes that were given out. Each can be used once, within a minute. */
export class AuthorizationCodes {
  readonly #random: Random;
  /** By digest; the oldest is first. */
  readonly #grants = new Map<string, Given>();
  readonly #pool = new FairPool<Given>(codeCountMax);

  constructor(random: Random) {
    this.#random = random;
  }

  give(grant: CodeGrant, nowMs: number): string {
    this.#dropExpired(nowMs);
    const code = this.#random.bytes(32).toString('base64url');
    const given: Given = { ...grant, digest: digestOf(code), expiresMs: nowMs + codeMs };
    this.#grants.set(given.digest, given);
    const dropped = this.#pool.add({ group: personId(grant.person), member: '' }, given);
    if (dropped !== undefined) this.#drop(dropped);
    return code;
  }

  #dropExpired(nowMs: number): void {
    for (const given of this.#grants.values()) {
      if (given.expiresMs > nowMs) return;
      this.#drop(given);
    }
  }

  #drop(given: Given): void {
    this.#grants.delete(given.digest);
    this.#pool.delete(given);
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
    const grant = this.#grants.get(digestOf(code));
    if (grant === undefined) return undefined;
    this.#drop(grant);
    if (grant.expiresMs <= nowMs) return undefined;
    const challenge = createHash('sha256').update(asked.verifier).digest('base64url');
    const fits =
      grant.clientDigest === digestOf(asked.clientId) &&
      grant.redirectUri === asked.redirectUri &&
      grant.challenge === challenge;
    return fits ? grant.person : undefined;
  }
}
