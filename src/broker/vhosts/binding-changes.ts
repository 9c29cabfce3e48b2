// Changes of bindings in the log.

import type { Change } from '../definitions.ts';
import type { Binding, Destination } from '../exchanges/binding.ts';
import type { Exchange } from '../exchanges/exchange.ts';

/** Whether a binding is durable: both of its ends are. */
export function isDurableBinding(source: Exchange, destination: Destination): boolean {
  if (!source.options.durable) return false;
  return destination.kind === 'queue' ? destination.index.isDurable : destination.options.durable;
}

/** A change of a binding, as stored in the log. */
export function bindingChange(
  kind: 'bound' | 'unbound',
  source: Exchange,
  binding: Binding,
): Change {
  return {
    kind,
    vhost: source.vhost,
    source: source.name,
    to: binding.destination.kind,
    destination: binding.destination.name,
    routingKey: binding.routingKey,
    arguments: binding.arguments,
  };
}

/** The changes that recreate the durable bindings of an exchange. */
export function* durableBindings(source: Exchange): Generator<Change> {
  for (const binding of source.bindings()) {
    if (binding.destination.isDeleted || !isDurableBinding(source, binding.destination)) continue;
    yield bindingChange('bound', source, binding);
  }
}
