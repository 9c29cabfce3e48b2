import type { Change } from '../definitions.ts';
import type { Binding, Destination } from '../exchanges/binding.ts';
import type { Exchange } from '../exchanges/exchange.ts';

/** Whether a binding outlives a restart: both of its ends do. */
export function isDurableBinding(source: Exchange, destination: Destination): boolean {
  if (!source.options.durable) return false;
  return destination.kind === 'queue' ? destination.index.isDurable : destination.options.durable;
}

/** A binding that is made or removed, as the log keeps it. */
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

/** Changes that recreate the durable bindings of an exchange. */
export function* durableBindings(source: Exchange): Generator<Change> {
  for (const binding of source.bindings()) {
    if (binding.destination.isDeleted || !isDurableBinding(source, binding.destination)) continue;
    yield bindingChange('bound', source, binding);
  }
}
