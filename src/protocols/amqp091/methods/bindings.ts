// Bindings of queues and exchanges.

import type { Arguments } from '../../../broker/arguments.ts';
import type { Destination } from '../../../broker/exchanges/binding.ts';
import type { Exchange } from '../../../broker/exchanges/exchange.ts';
import { isDurableBinding } from '../../../broker/vhosts/binding-changes.ts';
import type { Channel } from '../channel.ts';
import { AmqpError } from '../errors.ts';
import { cleanName } from '../special-names.ts';

/** @throws {AmqpError} 'access-refused' for the default exchange */
export function requireNotDefault(exchange: string): void {
  if (exchange !== '') return;
  throw new AmqpError('access-refused', 'operation not permitted on the default exchange');
}

/** The two ends of a binding, if they exist. */
export interface Ends {
  readonly sourceName: string;
  readonly source: Exchange | undefined;
  readonly kind: Destination['kind'];
  readonly destinationName: string;
}

/** Checks permissions first, so that others do not learn what exists. */
export function endsOf(
  channel: Channel,
  kind: Destination['kind'],
  destination: string,
  source: string,
): Ends {
  const { vhost, access } = channel;
  const destinationName = cleanName(destination);
  const sourceName = cleanName(source);
  access.require('write', kind, destinationName);
  if (kind === 'exchange') requireNotDefault(destinationName);
  requireNotDefault(sourceName);
  access.require('read', 'exchange', sourceName);
  return { sourceName, source: vhost.exchanges.get(sourceName), kind, destinationName };
}

/** Adds a binding. Returns whether the change is in the log. */
export function bind(channel: Channel, ends: Ends, routingKey: string, args: Arguments): boolean {
  const { vhost } = channel;
  const source = vhost.exchange(ends.sourceName);
  const destination =
    ends.kind === 'queue'
      ? vhost.queue(ends.destinationName, channel.host)
      : vhost.exchange(ends.destinationName);
  vhost.bind(source, destination, routingKey, args);
  return isDurableBinding(source, destination);
}

/**
 * Removes a binding. Returns whether the change is in the log. A missing binding is not an error.
 */
export function unbind(channel: Channel, ends: Ends, routingKey: string, args: Arguments): boolean {
  const { vhost } = channel;
  const { source, kind, destinationName: name } = ends;
  const destination = kind === 'queue' ? vhost.queues.get(name) : vhost.exchanges.get(name);
  if (source === undefined || destination === undefined) return false;
  if (!source.hasBinding({ destination, routingKey, arguments: args })) return false;
  if (destination.kind === 'queue') destination.requireOwner(channel.host);
  vhost.unbind(source, destination, routingKey, args);
  return isDurableBinding(source, destination);
}
