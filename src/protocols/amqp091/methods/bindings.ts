// Bindings of queues and exchanges.

import type { Arguments } from '../../../broker/arguments.ts';
import { type BindingEnds, requireBinding } from '../../../broker/rabbitmq/permission-checks.ts';
import { isDurableBinding } from '../../../broker/vhosts/binding-changes.ts';
import type { Channel } from '../channel.ts';
import { cleanName } from '../special-names.ts';

/** The ends of a binding, after the permissions on them were checked. */
export function endsOf({ vhost, access }: Channel, asked: BindingEnds): BindingEnds {
  const source = cleanName(asked.source);
  const ends = { ...asked, source, destination: cleanName(asked.destination) };
  requireBinding(access, vhost, ends);
  return ends;
}

/** Adds a binding. Returns whether the change is in the log. */
export function bind(channel: Channel, ends: BindingEnds, args: Arguments): boolean {
  const { vhost } = channel;
  const source = vhost.exchange(ends.source);
  const destination =
    ends.kind === 'queue'
      ? vhost.queue(ends.destination, channel.host)
      : vhost.exchange(ends.destination);
  vhost.bind(source, destination, ends.routingKey, args);
  return isDurableBinding(source, destination);
}

/**
 * Removes a binding. Returns whether the change is in the log. A missing binding is not an error.
 */
export function unbind(channel: Channel, ends: BindingEnds, args: Arguments): boolean {
  const { vhost } = channel;
  const { kind, destination: name, routingKey } = ends;
  const source = vhost.exchanges.get(ends.source);
  const destination = kind === 'queue' ? vhost.queues.get(name) : vhost.exchanges.get(name);
  if (source === undefined || destination === undefined) return false;
  if (!source.hasBinding({ destination, routingKey, arguments: args })) return false;
  if (destination.kind === 'queue') destination.requireOwner(channel.host);
  vhost.unbind(source, destination, routingKey, args);
  return isDurableBinding(source, destination);
}
