// Access to a broker from which or to which everything is moved.

import type { Clock } from '../../base/clock.ts';
import { parseAmqpUri } from '../../broker/rabbitmq/shovels/amqp-uri.ts';
import { TransferError } from '../errors.ts';
import type { AmqpAccess } from './broker-move.ts';
import { ManagementClient } from './management-client.ts';

/** How a broker is reached. */
export interface BrokerAccess {
  readonly amqp: AmqpAccess;
  readonly management: ManagementClient;
  readonly username: string;
}

/** What a user states about a broker. */
export interface StatedAccess {
  /** `amqps://user@host:5671` */
  readonly amqp: string;
  /** `https://host:15671` */
  readonly management: string;
  readonly password: string;
  /** PEM; empty for the public authorities only. */
  readonly authorities: readonly string[];
}

/**
 * Checks the access to a broker.
 *
 * @param side `from` or `to`, for errors
 * @throws {TransferError} `not-supported` for addresses that are not valid
 */
export function brokerAccess(side: string, stated: StatedAccess, clock: Clock): BrokerAccess {
  const { password, authorities, amqp } = stated;
  const found = /^[a-z]+:\/\/([^:@/]+)(:?)[^@]*@/.exec(amqp);
  if (found === null) throw invalid(side, 'amqp', 'names no user: amqps://user@host:5671');
  if (found[2] === ':') {
    const why = 'contains a password, which other users of this machine can see; use the file';
    throw invalid(side, 'amqp', why);
  }
  const { username, endpoint, vhost } = readUri(side, amqp);
  if (endpoint === undefined) throw invalid(side, 'amqp', 'names no host');
  if (vhost !== '/') throw invalid(side, 'amqp', 'names a virtual host; all of them are moved');
  if (!URL.canParse(stated.management)) throw invalid(side, 'management', 'is no URL');
  const url = new URL(stated.management);
  if (url.username !== '' || url.password !== '') {
    throw invalid(side, 'management', 'contains a user; it is that of the other address');
  }
  return {
    amqp: { uri: amqp, password, authorities },
    management: new ManagementClient({ url, username, password, authorities }, clock),
    username,
  };
}

function readUri(side: string, text: string) {
  try {
    return parseAmqpUri(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TransferError('not-supported', `--${side}-amqp: ${why}`, { cause });
  }
}

function invalid(side: string, option: string, why: string): TransferError {
  return new TransferError('not-supported', `--${side}-${option} ${why}`);
}
