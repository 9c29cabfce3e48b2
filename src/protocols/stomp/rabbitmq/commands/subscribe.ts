// SUBSCRIBE.

import type { Argument } from '../../../../broker/arguments.ts';
import { noArguments } from '../../../../broker/arguments.ts';
import { BrokerError, describe } from '../../../../broker/errors.ts';
import type { Queue } from '../../../../broker/queue.ts';
import { requireBinding } from '../../../../broker/rabbitmq/permission-checks.ts';
import {
  readStreamFilter,
  readStreamOffset,
  type StreamStart,
} from '../../../../broker/streams/stream-start.ts';
import type { Frame } from '../../codec/frames.ts';
import { idLengthMax } from '../../limits.ts';
import {
  type Destination,
  parseDestination,
  routingOf,
  subscriptionQueueName,
} from '../destinations.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { badHeader, invalid, RabbitMqError } from '../errors.ts';
import { flagHeader, type Headers, isDurable, wholeHeader } from '../headers.ts';
import { type AckMode, RabbitMqSubscription } from '../subscription.ts';
import { subscriptionName } from './unsubscribe.ts';

const ackModes: readonly AckMode[] = ['auto', 'client', 'client-individual'];

/** Maximum of `prefetch-count`, which is a short integer in AMQP 0-9-1. */
const prefetchMax = 65_535;

/** SUBSCRIBE. */
export function subscribe(own: RabbitMqConnection, frame: Frame): void {
  const { headers } = frame;
  const { subscriptions, broker, host, core } = own;
  const text = headers.get('destination');
  if (text === undefined) {
    throw invalid('Missing destination', `"SUBSCRIBE" must include a 'destination' header\n`);
  }
  const destination = parseDestination(text);
  if (destination.kind === 'temp-queue') {
    const why = `'${text}' is not a valid destination for 'SUBSCRIBE'\n`;
    throw invalid('Invalid destination', why);
  }
  const name = subscriptionName('SUBSCRIBE', headers);
  requireFree(own, name.tag);
  const ackMode = readAckMode(headers);
  const prefetch = wholeHeader(headers, 'prefetch-count', 0, prefetchMax);
  subscriptions.requireRoom();
  const source = new SubscribedQueue(own, destination, headers);
  source.require();
  const queue = source.declare();
  if (prefetch !== undefined) subscriptions.prefetch = prefetch === 0 ? Infinity : prefetch;
  const subscription = new RabbitMqSubscription(own, queue, {
    ...name,
    ackMode,
    isTopic: destination.kind === 'topic',
  });
  source.undoing(() => {
    const priority = wholeHeader(headers, 'x-priority', -128, 127) ?? 0;
    subscriptions.add(subscription, { priority, stream: streamStart(own, subscription, headers) });
    source.bind(core.options.topicExchange);
  });
  // The RECEIPT is sent before the first MESSAGE, and after a new queue is on disk.
  host.receipt(frame, broker.store.definedGroup, () => subscription.begin());
}

function requireFree({ subscriptions }: RabbitMqConnection, tag: string): void {
  if (tag.length > idLengthMax) {
    const found = `the id of a subscription has ${tag.length} characters`;
    throw invalid('Invalid id', `${found}; at most ${idLengthMax} are allowed\n`);
  }
  if (subscriptions.find(tag) === undefined) return;
  const why = `A subscription identified by '${tag}' already exists.`;
  throw new RabbitMqError('failed', 'Duplicated subscription identifier', why);
}

function readAckMode(headers: Headers): AckMode {
  const text = headers.get('ack') ?? 'auto';
  const found = ackModes.find((mode) => mode === text);
  if (found !== undefined) return found;
  throw badHeader('ack', text, ackModes.join(', '));
}

/** The queue of a subscription. */
class SubscribedQueue {
  readonly #own: RabbitMqConnection;
  readonly #destination: Destination;
  readonly #headers: Headers;
  readonly #name: string;
  /** Whether it was declared by this frame. */
  #isNew = false;
  #queue: Queue | undefined = undefined;

  constructor(own: RabbitMqConnection, destination: Destination, headers: Headers) {
    this.#own = own;
    this.#destination = destination;
    this.#headers = headers;
    this.#name = this.#isBound ? this.#ownName() : destination.name;
  }

  /** Whether the queue belongs to the subscription and is bound to an exchange. */
  get #isBound(): boolean {
    const { kind } = this.#destination;
    return kind === 'exchange' || kind === 'topic';
  }

  #ownName(): string {
    const given = this.#headers.get('x-queue-name');
    if (given !== undefined && given !== '') return given; // an empty one asks the server for a name
    const id = this.#headers.get('id');
    if (id === undefined || !isDurable(this.#headers)) {
      return this.#own.declared.ownName();
    }
    const { kind, name } = this.#destination;
    const key = kind === 'exchange' ? (this.#destination.key ?? '') : name;
    return subscriptionQueueName(key, id);
  }

  /** Checks all permissions, and whether the exchange exists, before anything is changed. */
  require(): void {
    const { access, vhost, declared, core } = this.#own;
    const { kind } = this.#destination;
    if (this.#isBound) {
      const options = declared.optionsOf(this.#headers, kind === 'topic' ? 'topic' : 'exchange');
      declared.require(this.#name, options);
    }
    if (kind === 'queue') declared.ensure(this.#name, this.#headers);
    access.require('read', 'queue', this.#name);
    if (!this.#isBound) return;
    const { exchange, routingKey } = routingOf(this.#destination, core.options.topicExchange);
    requireBinding(access, vhost, {
      kind: 'queue',
      destination: this.#name,
      source: exchange,
      routingKey,
    });
    vhost.exchange(exchange);
  }

  /** Returns the queue, which is declared if it belongs to the subscription. */
  declare(): Queue {
    const { vhost, host, declared } = this.#own;
    if (!this.#isBound) return vhost.queue(this.#name, host);
    this.#isNew = !vhost.queues.has(this.#name);
    const use = this.#destination.kind === 'topic' ? 'topic' : 'exchange';
    this.#queue = declared.declare(this.#name, declared.optionsOf(this.#headers, use));
    return this.#queue;
  }

  bind(topicExchange: string): void {
    if (this.#queue === undefined) return;
    const { vhost } = this.#own;
    const { exchange, routingKey } = routingOf(this.#destination, topicExchange);
    vhost.bind(vhost.exchange(exchange), this.#queue, routingKey, noArguments);
  }

  /** Performs the rest of a frame. If that fails, a queue of this frame is removed. */
  undoing(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      if (this.#isNew && this.#queue !== undefined) this.#own.vhost.removeQueue(this.#queue);
      throw thrown;
    }
  }
}

/** Reads where a subscription to a stream begins. */
function streamStart(
  own: RabbitMqConnection,
  subscription: RabbitMqSubscription,
  headers: Headers,
): StreamStart | undefined {
  const { queue, isSettled } = subscription;
  const offset = offsetArgument(headers);
  const subject = describe('queue', queue.name, queue.vhost);
  const { type } = queue.settings;
  if (type !== 'stream') {
    if (offset === undefined) return undefined;
    const why = `invalid arg 'x-stream-offset' for ${subject} of queue type rabbit_${type}_queue`;
    throw new BrokerError('precondition-failed', why);
  }
  const start = readStreamOffset(offset, own.broker.nowMs());
  if (start === undefined) {
    throw new BrokerError('precondition-failed', `invalid arg 'x-stream-offset' for ${subject}`);
  }
  if (own.subscriptions.prefetch === Infinity) {
    const why = `consumer prefetch count is not set for stream ${subject}`;
    throw new BrokerError('precondition-failed', why);
  }
  if (isSettled) {
    const why = `automatic acknowledgement not supported by stream ${subject}`;
    throw new BrokerError('not-implemented', why);
  }
  const isUnfiltered = flagHeader(headers, 'x-stream-match-unfiltered') === true;
  const filter = readStreamFilter(filterArgument(headers), { type: 'bool', value: isUnfiltered });
  return { offset: start, filter };
}

/** `first`, `last`, `next`, `offset=N` or `timestamp=SECONDS`; undefined for anything else. */
function offsetArgument(headers: Headers): Argument | undefined {
  const text = headers.get('x-stream-offset');
  if (text === 'first' || text === 'last' || text === 'next') {
    return { type: 'longstr', value: text };
  }
  const [, name, digits] = /^(offset|timestamp)=(\d{1,15})$/.exec(text ?? '') ?? [];
  if (name === undefined) return undefined;
  return { type: name === 'offset' ? 'long' : 'timestamp', value: Number(digits) };
}

/** One value, or several with commas between. */
function filterArgument(headers: Headers): Argument | undefined {
  const text = headers.get('x-stream-filter');
  if (text === undefined) return undefined;
  const values = text.split(',').map((value): Argument => ({ type: 'longstr', value }));
  return { type: 'array', value: values };
}
