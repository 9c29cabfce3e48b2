import { textBytes } from '../base/byte-text.ts';
import { shortStringBytesMax } from '../base/bytes.ts';
import { type Argument, type Arguments, isShortName, wholeNumber } from './arguments.ts';
import { BrokerError } from './errors.ts';

/** What a declaration says of a queue. */
export interface QueueOptions {
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Arguments;
}

/** What to do with a message for a queue that is full. */
export type Overflow = (typeof overflows)[number];

/** A queue's arguments, read and checked. Infinity where there is no limit. */
export interface QueueSettings {
  readonly type: QueueType;
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
  /** Failed deliveries after which a message is dropped or dies; only quorum queues count them. */
  readonly deliveryLimit: number;
  /** Whether failed deliveries are counted, over restarts too, and told to consumers. */
  readonly countsFailures: boolean;
  /** Milliseconds that a delivery may stay unsettled; undefined where the broker's limit counts. */
  readonly consumerTimeoutMs: number | undefined;
}

/** Milliseconds that an expiry may at most be: ten years, as in RabbitMQ. */
export const expiryMsMax = 315_360_000_000;

/** What a queue may do once it is full. */
export const overflows = ['drop-head', 'reject-publish', 'reject-publish-dlx'] as const;

/** Types of queues there are. */
export type QueueType = 'classic' | 'quorum';

// Which arguments a type of queue knows; those of another type are refused, all others ignored.
const common = [
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-expires',
  'x-max-length',
  'x-max-length-bytes',
  'x-message-ttl',
  'x-overflow',
  'x-queue-type',
  'x-single-active-consumer',
];
const known: Readonly<Record<QueueType, readonly string[]>> = {
  classic: [...common, 'x-max-priority', 'x-queue-mode', 'x-queue-version'],
  quorum: [
    ...common,
    'x-dead-letter-strategy',
    'x-delivery-limit',
    'x-queue-leader-locator',
    'x-quorum-initial-group-size',
  ],
};
/** Known to one type of queue alone, and still ignored where a stored queue of the other has them. */
const ignoredOnceStored = ['x-queue-leader-locator', 'x-queue-mode'];

const knownToOthers = [
  'x-initial-cluster-size',
  'x-max-age',
  'x-max-in-memory-bytes',
  'x-max-in-memory-length',
  'x-stream-filter-size-bytes',
  'x-stream-max-segment-size-bytes',
];

/** Arguments that must be the same when a queue is declared again. */
export const comparedArguments: readonly string[] = [
  ...new Set([...known.classic, ...known.quorum]),
].filter((name) => name !== 'x-queue-mode');

/** Arguments of any type of queue. */
const knownToAny: ReadonlySet<string> = new Set([
  ...known.classic,
  ...known.quorum,
  ...knownToOthers,
]);

const deadLetterStrategies = ['at-most-once', 'at-least-once'];
const leaderLocators = ['client-local', 'balanced', 'random', 'least-leaders'];

/** Reads one argument after the other and refuses the first that is wrong. */
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

  /** A whole number not below 0; Infinity where it is not given. */
  count(name: string): number {
    const found = this.#args[name];
    if (found === undefined) return Infinity;
    const value = wholeNumber(found);
    if (value === undefined) return this.fail(name, `"expected integer, got ${found.type}"`);
    return value < 0 ? this.fail(name, `{value_negative,${found.value}}`) : value;
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

  /** Refuses a name or key that is longer than any name or key may be. */
  checkName(name: string): void {
    const value = this.text(name);
    if (value === undefined || isShortName(value)) return;
    this.fail(name, `${textBytes(value)} bytes are more than ${shortStringBytesMax}`);
  }

  /** Refuses a value of an argument that changes nothing here, and which does not exist. */
  checkChoice(name: string, what: string, allowed: readonly (string | number)[]): void {
    const found = this.#args[name];
    if (found === undefined) return;
    if (typeof allowed[0] === 'string') this.text(name);
    else this.count(name);
    if (allowed.some((value) => value === found.value)) return;
    this.fail(name, `"unsupported ${what} '${found.value}'"`);
  }

  /** Refuses a word that does not exist. */
  checkWord(name: string, allowed: readonly string[], why: string): void {
    const found = this.text(name);
    if (found !== undefined && !allowed.includes(found)) this.fail(name, why);
  }

  type(): QueueType {
    const type = this.text('x-queue-type') ?? 'classic';
    if (type !== 'classic' && type !== 'quorum') {
      this.fail('x-queue-type', `"unsupported queue type '${type}'"`);
    }
    this.#refuseForeign(type, (name) => !ignoredOnceStored.includes(name));
    return type;
  }

  /** Refuses arguments that only other types of queues know. */
  #refuseForeign(type: QueueType, isChecked: (name: string) => boolean): void {
    for (const name of Object.keys(this.#args)) {
      if (known[type].includes(name) || !knownToAny.has(name) || !isChecked(name)) continue;
      const text = `invalid arg '${name}' for ${this.#subject} of queue type rabbit_${type}_queue`;
      throw new BrokerError('precondition-failed', text);
    }
  }

  /** Refuses arguments that only other types of queues know, those that were once ignored among them. */
  refuseForeign(): void {
    this.#refuseForeign(this.type(), () => true);
  }

  /** Refuses what queues of the quorum type cannot be. */
  checkQuorum({ durable, exclusive, autoDelete }: QueueOptions): void {
    if (this.type() !== 'quorum') return;
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
 * Checks what is asked of new queues alone. A queue that is read back is not held to it: a rule that
 * came later must not keep a broker from starting.
 *
 * @param subject `queue 'q' in vhost '/'`
 * @throws {BrokerError} `precondition-failed`
 */
export function checkQueueOptions(options: QueueOptions, subject: string): void {
  const reader = new ArgumentReader(options.arguments, subject);
  reader.refuseForeign();
  reader.count('x-consumer-timeout');
  reader.checkWord('x-queue-leader-locator', leaderLocators, 'invalid_queue_locator_arg');
  reader.checkWord('x-dead-letter-strategy', deadLetterStrategies, 'invalid_dlx_strategy');
  if (reader.count('x-quorum-initial-group-size') === 0) {
    reader.fail('x-quorum-initial-group-size', '{value_zero,0}');
  }
  reader.checkName('x-dead-letter-exchange');
  reader.checkName('x-dead-letter-routing-key');
  reader.checkChoice('x-queue-mode', 'queue mode', ['default', 'lazy']);
  reader.checkChoice('x-queue-version', 'queue version', [1, 2]);
  reader.checkQuorum(options);
}

/**
 * Reads a queue's arguments.
 *
 * @param subject `queue 'q' in vhost '/'`
 * @throws {BrokerError} `precondition-failed` with the argument's name and what is wrong with it
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
  const overflow = reader.text('x-overflow') ?? 'drop-head';
  return {
    type,
    ttlMs: reader.expiry('x-message-ttl'),
    expiresMs,
    lengthMax: reader.count('x-max-length'),
    bytesMax: reader.count('x-max-length-bytes'),
    overflow:
      overflows.find((name) => name === overflow) ?? reader.fail('x-overflow', 'invalid_overflow'),
    deadLetterExchange,
    // An older release let longer keys be declared. No message can have one: it keeps its own.
    deadLetterKey: isShortName(deadLetterKey ?? '') ? deadLetterKey : undefined,
    priorityMax: priorityMax === Infinity ? 0 : priorityMax,
    isSingleActive: reader.bool('x-single-active-consumer'),
    consumerTimeoutMs: readTimeout(args['x-consumer-timeout']),
    deliveryLimit: type === 'quorum' ? reader.count('x-delivery-limit') : Infinity,
    countsFailures: type === 'quorum',
  };
}

/** Ignores what is no number of milliseconds: a stored queue may have anything there. */
function readTimeout(found: Argument | undefined): number | undefined {
  const ms = found === undefined ? undefined : wholeNumber(found);
  return ms !== undefined && ms >= 0 ? ms : undefined;
}
