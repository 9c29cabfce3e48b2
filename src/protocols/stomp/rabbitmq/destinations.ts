// RabbitMQ's destinations.

import { createHash } from 'node:crypto';
import { encodeText } from '../../../base/byte-text.ts';
import { invalid } from './errors.ts';

/** A destination that names an exchange, a topic or a queue. */
export type Destination =
  | {
      readonly kind: 'exchange';
      readonly name: string;
      /** The routing or binding key; undefined if the destination has none. */
      readonly key: string | undefined;
    }
  | {
      /** `queue` is declared, `amq-queue` and `reply-queue` must exist. */
      readonly kind: 'queue' | 'amq-queue' | 'reply-queue' | 'topic' | 'temp-queue';
      readonly name: string;
    };

const allPrefixes = '/temp-queue, /exchange, /topic, /queue, /amq/queue, /reply-queue/';

/** The beginning of the destination of temporary queues. */
export const tempQueuePrefix = '/temp-queue/';
const replyQueuePrefix = '/reply-queue/';

/** The prefixes of destinations that a reply can be sent to. */
const replyPrefixes = ['/exchange', '/topic', '/queue', '/amq/queue', replyQueuePrefix];

/** The names of Erlang's atoms in errors. */
const atoms = { 'temp-queue': 'temp_queue', 'amq-queue': 'amqqueue' } as const;

/**
 * Parses a destination.
 *
 * @throws {RabbitMqError} `invalid`
 */
export function parseDestination(text: string): Destination {
  const [first = '', type, ...rest] = text.split('/');
  if (type === undefined) return namedQueue(unescaped(first));
  if (first === '') {
    if (type === 'exchange') return exchange(rest);
    if (type === 'queue' || type === 'topic' || type === 'temp-queue') return simple(type, rest);
    if (type === 'amq' && rest[0] === 'queue') return simple('amq-queue', rest.slice(1));
    if (type === 'reply-queue' && rest.length > 0) {
      return { kind: 'reply-queue', name: text.slice(replyQueuePrefix.length) };
    }
  }
  const why = `'${text}' is not a valid destination.\nValid destination types are: ${allPrefixes}.\n`;
  throw invalid('Unknown destination', why);
}

function namedQueue(name: string): Destination {
  if (name !== '') return { kind: 'queue', name };
  throw invalid('Invalid destination', 'Destination cannot be blank');
}

function exchange(rest: readonly string[]): Destination {
  const [name, key, ...more] = rest;
  if (name === undefined || name === '' || more.length > 0) throw notValid('exchange', rest);
  return { kind: 'exchange', name: unescaped(name), key: key && unescaped(key) };
}

function simple(
  kind: 'queue' | 'amq-queue' | 'topic' | 'temp-queue',
  rest: readonly string[],
): Destination {
  const [name, ...more] = rest;
  if (name !== undefined && name !== '' && more.length === 0) {
    return { kind, name: unescaped(name) };
  }
  throw notValid(kind === 'temp-queue' || kind === 'amq-queue' ? atoms[kind] : kind, rest);
}

function notValid(type: string, rest: readonly string[]) {
  const content = rest.map((part) => `/${part}`).join('');
  return invalid('Invalid destination', `'${content}' is not a valid ${type} destination\n`);
}

function unescaped(text: string): string {
  return text.replaceAll('%2F', '/');
}

/** Where messages to a destination go. */
export interface Routing {
  readonly exchange: string;
  readonly routingKey: string;
}

/** The exchange and routing key of a destination. */
export function routingOf(destination: Destination, topicExchange: string): Routing {
  if (destination.kind === 'exchange') {
    return { exchange: destination.name, routingKey: destination.key ?? '' };
  }
  const { kind, name } = destination;
  return { exchange: kind === 'topic' ? topicExchange : '', routingKey: name };
}

/** The destination of a delivered message. */
export function destinationText(exchangeName: string, routingKey: string): string {
  if (exchangeName === '') return `/queue/${escaped(routingKey)}`;
  if (exchangeName === 'amq.topic') return `/topic/${escaped(routingKey)}`;
  const name = `/exchange/${escaped(exchangeName)}`;
  return routingKey === '' ? name : `${name}/${escaped(routingKey)}`;
}

/** The destination for a reply, which other protocols name by the queue only. */
export function replyDestination(replyTo: string): string {
  const isDestination = replyPrefixes.some((prefix) => replyTo.startsWith(prefix));
  return isDestination ? replyTo : replyQueuePrefix + replyTo;
}

const plain = /^[ -$&-.0-\x7f]*$/;

/** Percent-encodes slashes, percent signs, control characters, and the bytes of other characters. */
function escaped(text: string): string {
  if (plain.test(text)) return text;
  let result = '';
  for (const byte of encodeText(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7f && byte !== slash && byte !== percent;
    result += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return result;
}

const slash = 0x2f;
const percent = 0x25;

/**
 * The name of the queue of a durable subscription, which RabbitMQ derives from the hash of a tuple of two
 * strings in Erlang's external term format.
 *
 * @param key the routing or binding key of the destination
 * @param id the id of the subscription
 */
export function subscriptionQueueName(key: string, id: string): string {
  const term = Buffer.concat([Buffer.of(131, 104, 2), stringTerm(key), stringTerm(id)]);
  return `stomp-subscription-${createHash('md5').update(term).digest('base64url')}`;
}

const nil = Buffer.of(106);

/** A list of bytes: `STRING_EXT`, or `NIL_EXT` if it is empty. Headers are shorter than 64 KiB. */
function stringTerm(text: string): Buffer {
  const bytes = encodeText(text);
  if (bytes.length === 0) return nil;
  return Buffer.concat([Buffer.of(107, bytes.length >>> 8, bytes.length & 0xff), bytes]);
}
