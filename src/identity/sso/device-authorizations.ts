// Device authorizations: clients that wait until a person allows them. @see RFC 8628

import { networkOf, sourceOf } from '../../base/address.ts';
import { FairPool } from '../../base/fair-pool.ts';
import type { Random } from '../../base/random.ts';
import type { RegisteredClient } from './clients.ts';
import { type Person, personId } from './person.ts';
import { digestOf } from './tokens.ts';

/** The time for which a code is valid. */
export const deviceCodeMs = 10 * 60_000;
/** The minimum time between two questions of a client. */
export const pollMs = 1000;
/** The number of questions that may come at once, because clients ask before the first wait. */
const pollsAtOnceMax = 3;
/**
 * Maximum number of codes: of clients that nobody has asked for yet, and of clients that people who
 * have signed in were shown. Networks and people share them fairly.
 */
export const deviceCountMax = { ofUnknown: 4096, ofPeople: 4096 };

/** Consonants, so that codes are no words (RFC 8628, section 6.1). */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const letterCount = 8;

/** A client that waits. */
export interface DeviceAuthorization {
  /** `BCDF-GHJK`: 20^8 possibilities. */
  readonly userCode: string;
  /** The name that the client has chosen. */
  readonly clientName: string;
  /** The address of the client. */
  readonly peerAddress: string;
  readonly expiresMs: number;
}

interface Kept extends DeviceAuthorization {
  readonly digest: string;
  readonly clientDigest: string;
  /** Undefined as long as nobody has decided. */
  decision: Person | 'denied' | undefined;
  polls: number;
  polledMs: number;
}

/** The answer to a client that asks. */
export type PollAnswer = 'pending' | 'slow-down' | 'denied' | 'expired' | 'unknown' | Person;

/** The clients that wait. Their codes are kept in memory. */
export class DeviceAuthorizations {
  readonly #random: Random;
  /** By the digest of the device code; the oldest is first. */
  readonly #byCode = new Map<string, Kept>();
  readonly #byUserCode = new Map<string, Kept>();
  readonly #unknown = new FairPool<Kept>(deviceCountMax.ofUnknown);
  readonly #ofPeople = new FairPool<Kept>(deviceCountMax.ofPeople);

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Starts an authorization. It may end the oldest one of the network that has most of them.
   *
   * @returns the codes
   */
  start(
    client: RegisteredClient,
    peerAddress: string,
    nowMs: number,
  ): { readonly deviceCode: string; readonly userCode: string } {
    this.#dropExpired(nowMs);
    const deviceCode = this.#random.bytes(32).toString('base64url');
    const userCode = this.#newUserCode();
    const kept: Kept = {
      digest: digestOf(deviceCode),
      userCode,
      clientName: client.name,
      clientDigest: digestOf(client.id),
      peerAddress,
      expiresMs: nowMs + deviceCodeMs,
      decision: undefined,
      polls: pollsAtOnceMax,
      polledMs: nowMs,
    };
    this.#byCode.set(kept.digest, kept);
    this.#byUserCode.set(userCode, kept);
    const owner = { group: networkOf(peerAddress), member: sourceOf(peerAddress) };
    const given = this.#unknown.add(owner, kept);
    if (given !== undefined) this.#drop(given);
    return { deviceCode, userCode };
  }

  /**
   * The client that waits with a user code, to show it to a person who has signed in. From now on it
   * counts as one of the person's, so that clients of others cannot end it.
   *
   * @param userCode may be written in any case and without the dash
   */
  show(userCode: string, person: Person, nowMs: number): DeviceAuthorization | undefined {
    const found = this.#find(userCode, nowMs);
    if (found === undefined || !this.#unknown.delete(found)) return found;
    const given = this.#ofPeople.add({ group: personId(person), member: '' }, found);
    if (given !== undefined) this.#drop(given);
    return found;
  }

  /** Records the decision of a person; false if no client waits with this code. */
  decide(userCode: string, person: Person, isAllowed: boolean, nowMs: number): boolean {
    this.show(userCode, person, nowMs);
    const found = this.#find(userCode, nowMs);
    if (found === undefined) return false;
    found.decision = isAllowed ? person : 'denied';
    return true;
  }

  #find(userCode: string, nowMs: number): Kept | undefined {
    const plain = userCode.toUpperCase().replace(/[^A-Z]/g, '');
    const found = this.#byUserCode.get(`${plain.slice(0, 4)}-${plain.slice(4)}`);
    return found && found.expiresMs > nowMs && found.decision === undefined ? found : undefined;
  }

  /** Answers a client. A decision is given once. */
  poll(deviceCode: string, clientId: string, nowMs: number): PollAnswer {
    const kept = this.#byCode.get(digestOf(deviceCode));
    if (kept === undefined || kept.clientDigest !== digestOf(clientId)) return 'unknown';
    if (kept.expiresMs <= nowMs) return 'expired';
    const earned = (nowMs - kept.polledMs) / pollMs;
    kept.polls = Math.min(pollsAtOnceMax, kept.polls + Math.max(0, earned)) - 1;
    kept.polledMs = nowMs;
    if (kept.polls < 0) {
      kept.polls = Math.max(kept.polls, -1);
      return 'slow-down';
    }
    if (kept.decision === undefined) return 'pending';
    this.#drop(kept);
    return kept.decision;
  }

  #newUserCode(): string {
    for (;;) {
      const code = [...this.#random.bytes(64)]
        .filter((byte) => byte < 240) // 240 is a multiple of 20: no letter is more likely
        .slice(0, letterCount)
        .map((byte) => letters.charAt(byte % letters.length))
        .join('');
      const userCode = `${code.slice(0, 4)}-${code.slice(4)}`;
      if (code.length === letterCount && !this.#byUserCode.has(userCode)) return userCode;
    }
  }

  #dropExpired(nowMs: number): void {
    for (const kept of this.#byCode.values()) {
      if (kept.expiresMs > nowMs) return;
      this.#drop(kept);
    }
  }

  #drop(kept: Kept): void {
    this.#byCode.delete(kept.digest);
    this.#byUserCode.delete(kept.userCode);
    this.#unknown.delete(kept);
    this.#ofPeople.delete(kept);
  }
}
