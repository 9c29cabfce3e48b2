// Machines that join, and certificates that are renewed.

import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { address, anyText, type Fields, text } from '../../hosts/channel/fields.ts';
import { HostError } from '../../hosts/errors.ts';
import { entryOf, type Hosts, hostCountMax, tokenCountMax } from '../../hosts/hosts.ts';
import { joinTokenText, newJoinToken, tokenDigest } from '../../hosts/join-token.ts';
import type { HostRecord, TokenRecord } from '../../hosts/records.ts';
import type { Entry } from '../../storage/journal.ts';
import type { HostCertificates } from './host-certificates.ts';
import type { HostEvents, RefusedHost } from './host-events.ts';

/** The name of a host or of a zone. */
export const hostNamePattern = /^[a-zA-Z0-9][\w.-]{0,62}$/;

const requestLengthMax = 16 * 1024;
const secretBytes = 32;

/** What joining needs. */
export interface JoiningParts {
  readonly hosts: Hosts;
  readonly certificates: HostCertificates;
  readonly clock: Clock;
  readonly random: Random;
  /** The name and the address of this machine, which no other one may have. */
  readonly own: Pick<HostRecord, 'name' | 'address'>;
  /** Applies the changes before it returns; resolves once they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  readonly events: Pick<HostEvents, 'joined' | 'refused'>;
}

/** Makes tokens, and exchanges them for certificates. */
export class Joining {
  readonly #parts: JoiningParts;

  constructor(parts: JoiningParts) {
    this.#parts = parts;
  }

  /**
   * Makes a token, of which only a hash is stored.
   *
   * @param createdBy the ARN of the caller
   * @returns undefined if there are too many that were not used
   */
  newToken(lifeMs: number, createdBy: string) {
    const { hosts, certificates, random, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const ended = hosts.tokens.filter(({ expiresMs }) => expiresMs <= nowMs);
    if (hosts.tokens.length - ended.length >= tokenCountMax) return undefined;
    const token = newJoinToken(random, certificates.authorityBytes);
    const expiresMs = nowMs + lifeMs;
    const record = { digest: tokenDigest(token.secret), expiresMs, createdBy };
    const changes = [
      ...ended.map(({ digest }) => entryOf({ delete: 'token', digest })),
      entryOf({ put: 'token', token: record }),
    ];
    return { text: joinTokenText(token), expiresMs, changes };
  }

  /**
   * Exchanges a token for a certificate. The audit trail gets an event in any case.
   *
   * @param secret 32 bytes
   * @throws {HostError} `token-invalid`, `message-invalid`, `host-exists`, `host-limit`
   */
  async join(fields: Fields, secret: Buffer, sourceIp: string): Promise<object> {
    const { hosts, events } = this.#parts;
    const token = hosts.token(tokenDigest(secret));
    try {
      return await this.#join(fields, secret, sourceIp);
    } catch (error) {
      events.refused({ ...refusalOf(error, token), sourceIp, tokenCreatedBy: token?.createdBy });
      throw error;
    }
  }

  async #join(fields: Fields, secret: Buffer, sourceIp: string): Promise<object> {
    const { hosts, certificates, random, clock } = this.#parts;
    const digest = tokenDigest(secret);
    const { createdBy } = this.#requireToken(secret, digest);
    const found = {
      name: text(fields, 'name', hostNamePattern),
      zone: text(fields, 'zone', hostNamePattern),
      address: address(fields, 'address'),
    };
    this.#requireOther(found);
    const id = `h-${random.bytes(9).toString('hex').slice(0, 17)}`;
    const request = anyText(fields, 'request', requestLengthMax);
    const issued = await certificates.host(request, id, clock.nowMs());
    if (issued === undefined) throw notARequest();
    // Another machine may have used the token, or the name, meanwhile.
    this.#requireToken(secret, digest);
    this.#requireOther(found);
    if (hosts.all.length >= hostCountMax) {
      throw new HostError('host-limit', `there are ${hostCountMax} hosts, the maximum`);
    }
    const joinedMs = clock.nowMs();
    const host: HostRecord = {
      id,
      ...found,
      keyDigests: [issued.keyDigest],
      joinedMs,
      ...(createdBy !== undefined && { invitedBy: createdBy }),
    };
    await this.#parts.commit([
      entryOf({ delete: 'token', digest }),
      entryOf({ put: 'host', host }),
      ...this.#parts.events.joined(host, sourceIp),
    ]);
    return { hostId: id, certificate: issued.certificate };
  }

  #requireToken(secret: Buffer, digest: string): TokenRecord {
    const { hosts, clock } = this.#parts;
    const token = secret.length === secretBytes ? hosts.token(digest) : undefined;
    if (token !== undefined && token.expiresMs > clock.nowMs()) return token;
    // The same text for all cases: nobody learns which tokens there were.
    throw new HostError('token-invalid', 'the join token is not known, was used, or has expired');
  }

  #requireOther({ name, address: found }: Pick<HostRecord, 'name' | 'address'>): void {
    const { hosts, own } = this.#parts;
    const others = [own, ...hosts.all];
    if (others.some((host) => host.name === name)) {
      throw new HostError('host-exists', `there is a host '${name}'`);
    }
    if (found.startsWith('127.') || found === '0.0.0.0') {
      const text = `the address is ${found}; expected one that other machines can reach`;
      throw new HostError('message-invalid', text);
    }
    if (!others.some((host) => host.address === found)) return;
    throw new HostError('host-exists', `another host has the address ${found}`);
  }

  /**
   * Issues another certificate for a host. The present one stays valid until the new one is used.
   *
   * @throws {HostError} `message-invalid`
   */
  async renew(id: string, fields: Fields): Promise<object> {
    const { hosts, certificates, clock, commit } = this.#parts;
    const request = anyText(fields, 'request', requestLengthMax);
    const issued = await certificates.host(request, id, clock.nowMs());
    const host = hosts.host(id);
    if (issued === undefined || host === undefined) throw notARequest();
    const [present = ''] = host.keyDigests;
    const keyDigests = [present, issued.keyDigest];
    await commit([entryOf({ put: 'host', host: { ...host, keyDigests } })]);
    return { certificate: issued.certificate };
  }

  /** A host has shown a key. Others are not accepted from then on. */
  async used(host: HostRecord, keyDigest: string): Promise<void> {
    const [present] = host.keyDigests;
    if (host.keyDigests.length === 1 || present === keyDigest) return;
    await this.#parts.commit([
      entryOf({ put: 'host', host: { ...host, keyDigests: [keyDigest] } }),
    ]);
  }
}

/** The event tells what the machine is not told: that its token was real, and has expired. */
function refusalOf(
  error: unknown,
  token: TokenRecord | undefined,
): Pick<RefusedHost, 'eventName' | 'code' | 'reason'> {
  const eventName = 'JoinHost';
  if (!(error instanceof HostError)) {
    return { eventName, code: 'InternalFailure', reason: 'the service could not record the host' };
  }
  if (error.code === 'host-exists') {
    return { eventName, code: 'HostExists', reason: 'another host has the name or the address' };
  }
  if (error.code === 'host-limit') {
    return { eventName, code: 'HostLimitExceeded', reason: 'there are as many hosts as allowed' };
  }
  if (error.code !== 'token-invalid') {
    const reason = 'the name, the zone, the address or the certificate request is not accepted';
    return { eventName, code: 'RequestInvalid', reason };
  }
  if (token === undefined) {
    return { eventName, code: 'TokenInvalid', reason: 'the token is not known, or was used' };
  }
  return { eventName, code: 'TokenExpired', reason: 'the token has expired' };
}

function notARequest(): HostError {
  return new HostError('message-invalid', 'there is no valid certificate request');
}
