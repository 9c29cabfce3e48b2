// Bindings in JSON.

import type { Binding, Destination } from '../../broker/exchanges/binding.ts';
import type { Queue } from '../../broker/queue.ts';
import { argumentsToJson } from '../../broker/rabbitmq/json-arguments.ts';
import type { JsonObject } from '../../broker/rabbitmq/model.ts';
import { propertiesKey } from '../../broker/rabbitmq/properties-key.ts';
import type { Vhost } from '../../broker/vhost.ts';

/** A binding with its source. The default exchange is bound to every queue. */
export interface BindingPlace {
  readonly source: string;
  readonly vhost: string;
  readonly binding: Binding;
}

/** Writes a binding. */
export function bindingToJson({ source, vhost, binding }: BindingPlace): JsonObject {
  const { destination, routingKey, arguments: args } = binding;
  return {
    source,
    vhost,
    destination: destination.name,
    destination_type: destination.kind,
    routing_key: routingKey,
    arguments: argumentsToJson(args),
    properties_key: propertiesKey(binding),
  };
}

/** The binding that the default exchange has to every queue. */
export function implicitBinding(queue: Queue): BindingPlace {
  const binding = { destination: queue, routingKey: queue.name, arguments: {} };
  return { source: '', vhost: queue.vhost, binding };
}

/** All bindings of virtual hosts. */
export function* bindingsOf(vhosts: readonly Vhost[]): Generator<BindingPlace> {
  for (const vhost of vhosts) {
    for (const queue of vhost.queues.values()) yield implicitBinding(queue);
    for (const exchange of vhost.exchanges.values()) {
      yield* explicit(exchange.bindings(), exchange.name, vhost.name);
    }
  }
}

/** The bindings from one exchange. */
export function* bindingsFrom(vhost: Vhost, source: string): Generator<BindingPlace> {
  if (source === '') {
    for (const queue of vhost.queues.values()) yield implicitBinding(queue);
    return;
  }
  yield* explicit(vhost.exchanges.get(source)?.bindings() ?? [], source, vhost.name);
}

/** The bindings to one destination. */
export function* bindingsTo(vhost: Vhost, destination: Destination): Generator<BindingPlace> {
  if (destination.kind === 'queue') yield implicitBinding(destination);
  for (const exchange of vhost.exchanges.values()) {
    yield* explicit(exchange.bindingsTo(destination), exchange.name, vhost.name);
  }
}

function* explicit(
  bindings: Iterable<Binding>,
  source: string,
  vhost: string,
): Generator<BindingPlace> {
  for (const binding of bindings) {
    if (!binding.destination.isDeleted) yield { source, vhost, binding };
  }
}
