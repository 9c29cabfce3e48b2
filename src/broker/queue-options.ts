import { type Arguments, isInteger } from './arguments.ts';
import { BrokerError } from './errors.ts';

/** What a declaration says of a queue. */
export interface QueueOptions {
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Arguments;
}

/** What to do with a message for a queue that is full. */
export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';

/** A queue's arguments, read and checked. Infinity where there is no limit. */
export interface QueueSettings {
  readonly ttlMs: number;
  readonly expiresMs: number;
  readonly lengthMax: number;
  readonly bytesMax: number;
  readonly overflow: Overflow;
  readonly deadLetterExchange: string | undefined;
  readonly deadLetterKey: string | undefined;
  /** 0 where the queue has no priorities. */
  readonly priorityMax: number;
  readonly isSingleActive: boolean;
  readonly deliveryLimit: number;
  readonly isQuorum: boolean;
}

/**
 * Reads a queue's arguments.
 *
 * @param subject `queue 'q' in vhost '/'`
 * @throws {BrokerError} `precondition-failed` with the argument's name and what is wrong with it
 */
export function readQueueArguments(args: Arguments, subject: string): QueueSettings {
  const fail = (name: string, why: string): never => {
    throw new BrokerError('precondition-failed', `invalid arg '${name}' for ${subject}: ${why}`);
  };
  const count = (name: string, min = 0, max = Number.MAX_SAFE_INTEGER): number => {
    const found = args[name];
    if (found === undefined) return Infinity;
    if (!isInteger(found)) return fail(name, `{unacceptable_type,${found.type}}`);
    if (found.value < min) {
      return fail(name, found.value < 0 ? `{value_negative,${found.value}}` : '{value_zero,0}');
    }
    return found.value > max ? fail(name, `{max_value_exceeded,${found.value}}`) : found.value;
  };
  const text = (name: string, allowed?: readonly string[]): string | undefined => {
    const found = args[name];
    if (found === undefined) return undefined;
    if (typeof found.value !== 'string') return fail(name, `{unacceptable_type,${found.type}}`);
    if (allowed !== undefined && !allowed.includes(found.value)) {
      return fail(name, `'${found.value}' is none of ${allowed.join(', ')}`);
    }
    return found.value;
  };
  const deadLetterExchange = text('x-dead-letter-exchange');
  const deadLetterKey = text('x-dead-letter-routing-key');
  if (deadLetterKey !== undefined && deadLetterExchange === undefined) {
    fail('x-dead-letter-routing-key', 'routing_key_but_no_dlx_defined');
  }
  const single = args['x-single-active-consumer'];
  if (single !== undefined && single.type !== 'bool') {
    fail('x-single-active-consumer', `{unacceptable_type,${single.type}}`);
  }
  const priorityMax = count('x-max-priority', 0, 255);
  const overflows = ['drop-head', 'reject-publish', 'reject-publish-dlx'] as const;
  const overflow = text('x-overflow', overflows);
  const isQuorum = text('x-queue-type', ['classic', 'quorum']) === 'quorum';
  text('x-queue-mode', ['default', 'lazy']);
  return {
    ttlMs: count('x-message-ttl'),
    expiresMs: count('x-expires', 1),
    lengthMax: count('x-max-length'),
    bytesMax: count('x-max-length-bytes'),
    overflow: overflows.find((name) => name === overflow) ?? 'drop-head',
    deadLetterExchange,
    deadLetterKey,
    priorityMax: priorityMax === Infinity ? 0 : priorityMax,
    isSingleActive: single?.value === true,
    deliveryLimit: count('x-delivery-limit'),
    isQuorum,
  };
}
