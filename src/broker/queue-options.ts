// The properties and arguments of queues.

import { textBytes } from '../base/byte-text.ts';
import { shortStringBytesMax } from '../base/bytes.ts';
import { type Argument, type Arguments, isShortName, wholeNumber } from './arguments.ts';
import { BrokerError } from './errors.ts';
import type { QueueHost } from './queue-host.ts';
import { type DelayedRetry, delayedRetryOf, delayedRetryTypes } from './queues/delayed-retry.ts';
import type { EvictionRule } from './queues/eviction.ts';
import { ageMs, segmentBytesLimit, streamArguments } from './streams/stream-arguments.ts';

/** The properties of a queue in declarations. */
export interface QueueOptions {
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Arguments;
}

/** The behaviour of a full queue. */
export type Overflow = (typeof overflows)[number];

/** The parsed arguments of a queue. Infinity means no limit. */
export interface QueueSettings {
  readonly type: QueueType;
  readonly ttlMs: number;
  readonly expiresMs: number;
  readonly lengthMax: number;
  readonly bytesMax: number;
  readonly overflow: Overflow;
  /** Which message `drop-head` drops; undefined for the head. */
  readonly eviction?: EvictionRule | undefined;
  readonly deadLetterExchange: string | undefined;
  readonly deadLetterKey: string | undefined;
  /** Whether dead letters stay in their queue until all queues that get them have them. */
  readonly deadLettersSafely: boolean;
  /** When returned messages are delivered again; undefined for at once. */
  readonly delayedRetry: DelayedRetry | undefined;
  /** 0 for queues without priorities. */
  readonly priorityMax: number;
  readonly isSingleActive: boolean;
  /**
   * The number of failed deliveries after which a message is dropped or dead lettered. Only quorum
   * queues count them.
   */
  readonly deliveryLimit: number;
  /** Whether failed deliveries are counted, also across restarts, and reported to consumers. */
  readonly countsFailures: boolean;
  /** Milliseconds that a delivery may stay unsettled; undefined for the limit of the broker. */
  readonly consumerTimeoutMs: number | undefined;
  /** Only for streams: the age at which segments are removed, and their size. */
  readonly maxAgeMs: number;
  readonly segmentBytesMax: number | undefined;
}

/** Maximum expiry time: ten years, as in RabbitMQ, milliseconds. */
export const expiryMsMax = 315_360_000_000;

/** What a type of queues makes of an overflow mode: quorum queues do not know the last one, as in RabbitMQ. */
export function overflowOf(type: QueueType, asked: Overflow): Overflow {
  return type === 'quorum' && asked === 'reject-publish-dlx' ? 'drop-head' : asked;
}

/** The values of `x-overflow`. */
export const overflows = ['drop-head', 'reject-publish', 'reject-publish-dlx'] as const;

/** The types of queues. */
export type QueueType = 'classic' | 'quorum' | 'stream';

// Arguments of another queue type are refused; unknown arguments are ignored. The order is that in which
// RabbitMQ compares them: its answer names the first that differs.
const known: Readonly<Record<QueueType, readonly string[]>> = {
  classic: [
    'x-expires',
    'x-message-ttl',
    'x-dead-letter-exchange',
    'x-dead-letter-routing-key',
    'x-max-length',
    'x-max-length-bytes',
    'x-max-priority',
    'x-overflow',
    'x-queue-mode',
    'x-queue-version',
    'x-single-active-consumer',
    'x-queue-type',
  ],
  quorum: [
    'x-dead-letter-exchange',
    'x-dead-letter-routing-key',
    'x-dead-letter-strategy',
    'x-expires',
    'x-max-length',
    'x-max-length-bytes',
    'x-overflow',
    'x-single-active-consumer',
    'x-queue-type',
    'x-quorum-initial-group-size',
    'x-delivery-limit',
    'x-message-ttl',
    'x-queue-leader-locator',
    'x-delayed-retry-max',
    'x-delayed-retry-min',
    'x-delayed-retry-type',
  ],
  stream: streamArguments,
};
/** Arguments of one queue type that are ignored if a stored queue of the other type has them. */
const ignoredOnceStored = [
  'x-delayed-retry-max',
  'x-delayed-retry-min',
  'x-delayed-retry-type',
  'x-queue-leader-locator',
  'x-queue-mode',
];

const knownToOthers = ['x-max-in-memory-bytes', 'x-max-in-memory-length'];

/** Arguments that must be equal in repeated declarations, by the type of the queue that exists. */
export const comparedArguments: Readonly<Record<QueueType, readonly string[]>> = {
  classic: comparedFor('classic'),
  quorum: comparedFor('quorum'),
  stream: comparedFor('stream'),
};

/** Those of its own type first. */
function comparedFor(type: QueueType): readonly string[] {
  const all = new Set([...known[type], ...known.classic, ...known.quorum, ...known.stream]);
  return [...all].filter((name) => name !== 'x-queue-mode');
}

/** The arguments of all queue types. */
const knownToAny: ReadonlySet<string> = new Set([
  ...known.classic,
  ...known.quorum,
  ...known.stream,
  ...knownToOthers,
]);

/** The values of `x-dead-letter-strategy`. */
export const deadLetterStrategies = ['at-most-once', 'at-least-once'] as const;
const leaderLocators = ['client-local', 'balanced', 'random', 'least-leaders'];

/** Reads the arguments one after the other, and refuses the first invalid one. */
class ArgumentReader {
  readonly #args: Arguments;
  readonly #subject: string;

  constructor(args: Arguments, subject: string) {
    this.#args = args;
    this.#subject = subject;
  }

  fail(name: string, why: string): never {
    const text = `invalid arg '${name}' for ${this.#subject}: ${why}`;
    throw new BrokerError('precondition-failed', text);
  }

  /** An integer of at least 0; Infinity if it is missing. */
  count(name: string): number {
    const found = this.#args[name];
    if (found === undefined) return Infinity;
    const value = wholeNumber(found);
    if (value === undefined) return this.fail(name, `"expected integer, got ${found.type}"`);
    return value < 0 ? this.fail(name, `{value_negative,${found.value}}`) : value;
  }

  /** As {@link count}; -1 also means no limit. */
  countOrNone(name: string): number {
    const found = this.#args[name];
    return found !== undefined && wholeNumber(found) === -1 ? Infinity : this.count(name);
  }

  expiry(name: string): number {
    const ms = this.count(name);
    if (ms === Infinity || ms <= expiryMsMax) return ms;
    return this.fail(name, `{value_too_large,${this.#args[name]?.value}}`);
  }

  text(name: string): string | undefined {
    const found = this.#args[name];
    if (found === undefined || found.type === 'longstr') return found?.value as string | undefined;
    return this.fail(name, `{unacceptable_type,${found.type}}`);
  }

  bool(name: string): boolean {
    const found = this.#args[name];
    if (found === undefined || found.type === 'bool') return found?.value === true;
    return this.fail(name, `{unacceptable_type,${found.type}}`);
  }

  /** Refuses names and keys that are too long. */
  checkName(name: string): void {
    const value = this.text(name);
    if (value === undefined || isShortName(value)) return;
    this.fail(name, `${textBytes(value)} bytes are more than ${shortStringBytesMax}`);
  }

  /** Refuses an invalid value of an argument without effect. */
  checkChoice(name: string, what: string, allowed: readonly (string | number)[]): void {
    const found = this.#args[name];
    if (found === undefined) return;
    if (typeof allowed[0] === 'string') this.text(name);
    else this.count(name);
    if (allowed.some((value) => value === found.value)) return;
    this.fail(name, `"unsupported ${what} '${found.value}'"`);
  }

  /** Milliseconds; Infinity if it is missing. */
  age(name: string): number {
    const text = this.text(name);
    return text === undefined ? Infinity : (ageMs(text) ?? this.fail(name, 'invalid_max_age'));
  }

  /** Refuses an unknown word. */
  checkWord(name: string, allowed: readonly string[], why: string): void {
    const found = this.text(name);
    if (found !== undefined && !allowed.includes(found)) this.fail(name, why);
  }

  type(): QueueType {
    const type = this.text('x-queue-type') ?? 'classic';
    if (type !== 'classic' && type !== 'quorum' && type !== 'stream') {
      this.fail('x-queue-type', `"unsupported queue type '${type}'"`);
    }
    this.#refuseForeign(type, (name) => !ignoredOnceStored.includes(name));
    return type;
  }

  /** Refuses arguments of other queue types. */
  #refuseForeign(type: QueueType, isChecked: (name: string) => boolean): void {
    for (const name of Object.keys(this.#args)) {
      if (known[type].includes(name) || !knownToAny.has(name) || !isChecked(name)) continue;
      const text = `invalid arg '${name}' for ${this.#subject} of queue type rabbit_${type}_queue`;
      throw new BrokerError('precondition-failed', text);
    }
  }

  /** Refuses arguments of other queue types, including those that were ignored earlier. */
  refuseForeign(): void {
    this.#refuseForeign(this.type(), () => true);
  }

  /** Refuses values that are too small or too large for streams. */
  checkStream(): void {
    if (this.count('x-initial-cluster-size') === 0) {
      this.fail('x-initial-cluster-size', '{value_zero,0}');
    }
    const segmentBytes = this.count('x-stream-max-segment-size-bytes');
    if (segmentBytes !== Infinity && segmentBytes > segmentBytesLimit) {
      const text = 'Exceeded max value for x-stream-max-segment-size-bytes';
      throw new BrokerError('precondition-failed', text);
    }
    const filterBytes = this.count('x-stream-filter-size-bytes');
    if (filterBytes === Infinity || (filterBytes >= 16 && filterBytes <= 255)) return;
    const text = 'Invalid value for  x-stream-filter-size-bytes';
    throw new BrokerError('precondition-failed', text);
  }

  /** Refuses properties that replicated queues do not support. */
  checkReplicated({ durable, exclusive, autoDelete }: QueueOptions): void {
    if (this.type() === 'classic') return;
    const wrong = [
      ...(autoDelete ? ['auto-delete'] : []),
      ...(exclusive ? ['exclusive-owner'] : []),
      ...(durable ? [] : ['non-durable']),
    ][0];
    if (wrong === undefined) return;
    const text = `invalid property '${wrong}' for ${this.#subject}`;
    throw new BrokerError('precondition-failed', text);
  }
}

/**
 * Checks requirements for new queues only. Recovered queues are exempt, because a new rule must not
 * prevent a broker from starting.
 *
 * @param subject `queue 'q' in vhost '/'`
 * @param host with a delivery limit by default, as in RabbitMQ 4, a queue may have none (-1)
 * @throws {BrokerError} `precondition-failed`
 */
export function checkQueueOptions(
  options: QueueOptions,
  subject: string,
  { limits, personality }: Pick<QueueHost, 'limits' | 'personality'>,
): void {
  const reader = new ArgumentReader(options.arguments, subject);
  if (limits.deliveryLimit === Infinity) reader.count('x-delivery-limit');
  reader.refuseForeign();
  reader.count('x-consumer-timeout');
  reader.checkWord('x-queue-leader-locator', leaderLocators, 'invalid_queue_locator_arg');
  reader.checkWord('x-delayed-retry-type', delayedRetryTypes, 'invalid_delayed_retry_type');
  reader.checkWord('x-dead-letter-strategy', deadLetterStrategies, 'invalid_dlx_strategy');
  if (reader.count('x-quorum-initial-group-size') === 0) {
    reader.fail('x-quorum-initial-group-size', '{value_zero,0}');
  }
  reader.checkName('x-dead-letter-exchange');
  reader.checkName('x-dead-letter-routing-key');
  const { queueModes, queueVersions } = personality;
  if (queueModes !== undefined) reader.checkChoice('x-queue-mode', 'queue mode', queueModes);
  reader.checkChoice('x-queue-version', 'queue version', queueVersions);
  reader.checkReplicated(options);
  reader.checkStream();
}

/**
 * Parses the arguments of a queue.
 *
 * @param subject `queue 'q' in vhost '/'`
 * @throws {BrokerError} `precondition-failed` with the name of the argument and the reason
 */
export function readQueueArguments(args: Arguments, subject: string): QueueSettings {
  const reader = new ArgumentReader(args, subject);
  const type = reader.type();
  const expiresMs = reader.expiry('x-expires');
  if (expiresMs === 0) reader.fail('x-expires', '{value_zero,0}');
  const deadLetterExchange = reader.text('x-dead-letter-exchange');
  const deadLetterKey = reader.text('x-dead-letter-routing-key');
  if (deadLetterKey !== undefined && deadLetterExchange === undefined) {
    reader.fail('x-dead-letter-routing-key', 'routing_key_but_no_dlx_defined');
  }
  const priorityMax = reader.count('x-max-priority');
  if (priorityMax !== Infinity && priorityMax > 255) {
    reader.fail('x-max-priority', `{max_value_exceeded,${args['x-max-priority']?.value}}`);
  }
  const asked = reader.text('x-overflow') ?? 'drop-head';
  const overflow = overflowOf(
    type,
    overflows.find((name) => name === asked) ?? reader.fail('x-overflow', 'invalid_overflow'),
  );
  const strategy = args['x-dead-letter-strategy']?.value;
  return {
    type,
    ttlMs: reader.expiry('x-message-ttl'),
    expiresMs,
    lengthMax: reader.count('x-max-length'),
    bytesMax: reader.count('x-max-length-bytes'),
    overflow,
    deadLetterExchange,
    deadLettersSafely: isSafe(type, strategy, overflow, deadLetterExchange),
    delayedRetry: type === 'quorum' ? delayedRetryIn(args) : undefined,
    // An older release permitted longer keys, which no message can have. Such messages keep their
    // own.
    deadLetterKey: isShortName(deadLetterKey ?? '') ? deadLetterKey : undefined,
    priorityMax: priorityMax === Infinity ? 0 : priorityMax,
    isSingleActive: reader.bool('x-single-active-consumer'),
    consumerTimeoutMs: readTimeout(args['x-consumer-timeout']),
    deliveryLimit: type === 'quorum' ? reader.countOrNone('x-delivery-limit') : Infinity,
    countsFailures: type === 'quorum',
    maxAgeMs: reader.age('x-max-age'),
    segmentBytesMax: segmentBytesOf(reader.count('x-stream-max-segment-size-bytes')),
  };
}

/** Whether dead letters are published at least once. RabbitMQ requires the same of a queue. */
export function isSafe(
  type: QueueType,
  strategy: unknown,
  overflow: Overflow,
  deadLetterExchange: string | undefined,
): boolean {
  return (
    type === 'quorum' &&
    strategy === 'at-least-once' &&
    overflow === 'reject-publish' &&
    deadLetterExchange !== undefined
  );
}

function delayedRetryIn(args: Arguments): DelayedRetry | undefined {
  const ms = (name: string) => {
    const found = args[name];
    return found === undefined ? undefined : wholeNumber(found);
  };
  const type = args['x-delayed-retry-type']?.value;
  return delayedRetryOf(type, ms('x-delayed-retry-min'), ms('x-delayed-retry-max'));
}

function segmentBytesOf(bytes: number): number | undefined {
  return bytes === Infinity ? undefined : bytes;
}

/** Ignores values that are not milliseconds. Stored queues may have any value. */
function readTimeout(found: Argument | undefined): number | undefined {
  const ms = found === undefined ? undefined : wholeNumber(found);
  return ms !== undefined && ms >= 0 ? ms : undefined;
}
