// Bindings.

import { type Arguments, canonicalArguments } from '../arguments.ts';
import type { Queue } from '../queue.ts';
import type { Exchange } from './exchange.ts';

/** The destination of a binding. */
export type Destination = Queue | Exchange;

/** A binding: matching messages of the exchange are routed to the destination. */
export interface Binding {
  readonly destination: Destination;
  readonly routingKey: string;
  readonly arguments: Arguments;
}

/** A text that identifies a binding among those to the same destination. */
export function bindingKey({ routingKey, arguments: args }: Binding): string {
  const text = canonicalArguments(args);
  return `${text.length}:${text}${routingKey}`;
}
