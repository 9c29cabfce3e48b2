// The properties and arguments of queues, which headers of SEND and SUBSCRIBE state.

import type { Argument, Arguments } from '../../../broker/arguments.ts';
import type { QueueOptions } from '../../../broker/queue-options.ts';
import { badHeader } from './errors.ts';
import { flagHeader, type Headers, wholeHeader } from './headers.ts';

const textArguments = [
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-queue-type',
  'x-max-age',
] as const;

const numberArguments = [
  'x-expires',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-priority',
  'x-message-ttl',
  'x-stream-max-segment-size-bytes',
  'x-stream-filter-size-bytes',
] as const;

/** What kind of destination a queue is declared for. */
export type QueueUse = 'queue' | 'topic' | 'exchange';

/**
 * Reads the properties of a queue. A queue of a destination `/queue/` is durable by default, that of a
 * subscription is deleted with it.
 *
 * @param refusesShared whether the broker refuses queues that are neither durable nor exclusive
 * @throws {RabbitMqError} `invalid`
 */
export function readQueueOptions(
  headers: Headers,
  use: QueueUse,
  refusesShared: boolean,
): QueueOptions {
  const durable = option(headers, 'durable') ?? option(headers, 'persistent') ?? use === 'queue';
  const isOwn = use === 'exchange' || use === 'queue' || refusesShared;
  return {
    durable,
    exclusive: option(headers, 'exclusive') ?? (!durable && isOwn),
    autoDelete: option(headers, 'auto-delete') ?? (use === 'queue' ? !durable : true),
    arguments: readArguments(headers),
  };
}

function option(headers: Headers, name: string): boolean | undefined {
  const text = headers.get(name);
  if (text === undefined) return undefined;
  const value = flagHeader(headers, name);
  if (value !== undefined) return value;
  throw badHeader(name, text, 'true or false');
}

function readArguments(headers: Headers): Arguments {
  const found: Record<string, Argument> = {};
  for (const name of textArguments) {
    const value = headers.get(name);
    if (value !== undefined) found[name] = { type: 'longstr', value: value.trim() };
  }
  for (const name of numberArguments) {
    const value = wholeHeader(headers, name, 0, Number.MAX_SAFE_INTEGER);
    if (value !== undefined) found[name] = { type: 'long', value };
  }
  return found;
}
