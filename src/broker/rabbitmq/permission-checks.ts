// The permissions that requests require, with the rules of RabbitMQ.

import type { Arguments } from '../arguments.ts';
import { BrokerError, describe } from '../errors.ts';
import { exchangeType } from '../exchanges/types/registry.ts';
import type { Access } from '../users.ts';
import type { Vhost } from '../vhost.ts';

/** The exchange in an argument; undefined if it is missing. */
function exchangeArgument(args: Arguments, name: string, subject: string): string | undefined {
  const found = args[name];
  if (found === undefined || found.type === 'longstr') return found?.value as string | undefined;
  const why = `invalid type '${found.type}' for arg '${name}' in ${subject}`;
  throw new BrokerError('precondition-failed', why);
}

/**
 * A declaration of a queue requires `configure`; with a dead letter exchange, a new queue also requires
 * `read` on the queue and `write` on the exchange.
 *
 * @throws {BrokerError} `access-refused`; `precondition-failed` if an argument is not a name
 */
export function requireQueueDeclaration(
  access: Access,
  vhost: Vhost,
  name: string,
  args: Arguments,
): void {
  access.require('configure', 'queue', name);
  if (vhost.queues.has(name)) return;
  const subject = describe('queue', name, vhost.name);
  const target = exchangeArgument(args, 'x-dead-letter-exchange', subject);
  if (target === undefined) return;
  access.require('read', 'queue', name);
  access.require('write', 'exchange', target);
}

/**
 * A declaration of an exchange requires `configure`; with an alternate exchange, it also requires
 * `read` on the exchange and `write` on the alternate one.
 *
 * @throws {BrokerError} `access-refused`; `precondition-failed` if an argument is not a name
 */
export function requireExchangeDeclaration(
  access: Access,
  vhost: Vhost,
  name: string,
  args: Arguments,
): void {
  const subject = describe('exchange', name, vhost.name);
  const alternate = exchangeArgument(args, 'alternate-exchange', subject);
  if (alternate === undefined) return;
  access.require('read', 'exchange', name);
  access.require('write', 'exchange', alternate);
}

/**
 * Refuses types that only the broker uses, with the error for an unknown type.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function requireDeclarable(type: string): void {
  if (exchangeType(type)?.isReserved !== true) return;
  throw new BrokerError('precondition-failed', `unknown exchange type '${type}'`);
}

/** @throws {BrokerError} `access-refused` for the default exchange */
export function requireNotDefault(exchange: string): void {
  if (exchange !== '') return;
  throw new BrokerError('access-refused', 'operation not permitted on the default exchange');
}

/** The ends of a binding to add or remove. */
export interface BindingEnds {
  readonly source: string;
  readonly kind: 'queue' | 'exchange';
  readonly destination: string;
  readonly routingKey: string;
}

/**
 * A binding requires `write` on its destination and `read` on its source, and on the routing key if
 * that is a topic exchange. This is checked first, so that others do not learn what exists.
 *
 * @throws {BrokerError} `access-refused`
 */
export function requireBinding(access: Access, vhost: Vhost, ends: BindingEnds): void {
  const { source, kind, destination, routingKey } = ends;
  access.require('write', kind, destination);
  if (kind === 'exchange') requireNotDefault(destination);
  requireNotDefault(source);
  access.require('read', 'exchange', source);
  const isTopic = vhost.exchanges.get(source)?.type.name === 'topic';
  if (isTopic) access.requireTopic('read', source, routingKey);
}
