// Joining a service.

import { systemClock } from '../base/clock.ts';
import { requestCertificate } from '../crypto/authority.ts';
import { Channel, hostFrameBytesMax } from '../hosts/channel/channel.ts';
import { anyText, text } from '../hosts/channel/fields.ts';
import { HostError } from '../hosts/errors.ts';
import { joinTokenPrefix, parseJoinToken } from '../hosts/join-token.ts';
import { connectToService, findAuthority, parseServiceUrl } from '../hosts/service-connection.ts';
import type { Identity } from './identity.ts';

const certificateLengthMax = 32 * 1024;

/** How a machine joins. */
export interface JoinRequest {
  readonly url: string;
  readonly token: string;
  readonly name: string;
  readonly zone: string;
  /** The IPv4 address of this machine on which its nodes listen. */
  readonly address: string;
}

/** Whether a text is meant as a token. */
export function isLikeToken(text: string): boolean {
  return text.startsWith(`${joinTokenPrefix}.`);
}

/**
 * Makes this machine a host of a service. The service proves that it has the key of a certificate of the
 * authority that the token names, before it gets the token.
 *
 * @throws {HostError} `token-invalid`, `peer-unknown`, `request-refused`, `message-invalid`
 * @throws {HostUnreachable}
 */
export async function joinService(joined: JoinRequest): Promise<Identity> {
  const { name, zone, address } = joined;
  const service = parseServiceUrl(joined.url);
  const { secret, authorityDigest } = parseJoinToken(joined.token);
  const authority = await findAuthority(service, authorityDigest);
  const { privateKey, request } = await requestCertificate();
  const socket = await connectToService(service, authority);
  const refuse = () => {
    throw new HostError('message-invalid', 'the service asks a machine that has not joined');
  };
  const channel = new Channel(
    socket,
    hostFrameBytesMax,
    { request: refuse, event: refuse, closed: () => {} },
    systemClock,
  );
  try {
    const { result } = await channel.request('join', { request, name, zone, address }, secret);
    return {
      hostId: text(result, 'hostId', /^h-[0-9a-f]{17}$/),
      certificate: anyText(result, 'certificate', certificateLengthMax),
      authority,
      privateKey,
      name,
      zone,
      address,
      ...service,
    };
  } finally {
    secret.fill(0);
    channel.close('the machine has joined');
  }
}
