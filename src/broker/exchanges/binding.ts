import { type Arguments, canonicalArguments } from '../arguments.ts';
import type { Queue } from '../queue.ts';
import type { Exchange } from './exchange.ts';

/** What a binding may point to. */
export type Destination = Queue | Exchange;

/** One binding: messages of the exchange that match go to the destination. */
export interface Binding {
  readonly destination: Destination;
  readonly routingKey: string;
  readonly arguments: Arguments;
}

/** The same text for the same binding to one destination, and another one for any other. */
export function bindingKey({ routingKey, arguments: args }: Binding): string {
  const text = canonicalArguments(args);
  return `${text.length}:${text}${routingKey}`;
}
