// RabbitMQ's addresses of nodes, versions 1 and 2.

import { decodeText } from '../../../base/byte-text.ts';

/** The node that the address of a target, or the property `to` of a message, refers to. */
export interface TargetAddress {
  readonly exchange: string;
  /** Undefined if the subject of each message is the routing key (version 1). */
  readonly routingKey: string | undefined;
  /** The queue, if the address names one. */
  readonly queue: string | undefined;
  /** Whether the queue is declared if it does not exist (version 1). */
  readonly isDeclared: boolean;
}

/** The node that a source names. */
export interface SourceAddress {
  /** The queue; undefined if a new queue is bound to the exchange (version 1). */
  readonly queue: string | undefined;
  readonly exchange: string;
  readonly bindingKey: string;
  readonly isDeclared: boolean;
}

const queuePrefix = '/queues/';
const exchangePrefix = '/exchanges/';

/** Characters that need no percent-encoding in a segment of a path (RFC 3986, 3.3). */
const segment = /^(?:[A-Za-z0-9!$&'()*+,\-.:;=@_~]|%[0-9A-Fa-f]{2})*$/;

/** Decodes a percent-encoded segment; undefined if it is malformed. The bytes may be any. */
export function decodeSegment(text: string): string | undefined {
  if (!segment.test(text)) return undefined;
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '%') {
      bytes.push(Number.parseInt(text.slice(at + 1, at + 3), 16));
      at += 2;
    } else bytes.push(text.charCodeAt(at));
  }
  return decodeText(Buffer.from(bytes), 0, bytes.length);
}

/** Whether an address has the form of version 2. */
export function isVersion2(address: string): boolean {
  return address.startsWith(queuePrefix) || address.startsWith(exchangePrefix);
}

/**
 * Reads the address of a target in version 2: `/queues/:queue`, `/exchanges/:exchange` or
 * `/exchanges/:exchange/:routing-key`, with percent-encoded parts.
 *
 * @returns undefined if it is malformed
 */
export function parseTarget(address: string): TargetAddress | undefined {
  if (address.startsWith(queuePrefix)) {
    const queue = decodeSegment(address.slice(queuePrefix.length));
    if (queue === undefined || queue === '') return undefined;
    return { exchange: '', routingKey: queue, queue, isDeclared: false };
  }
  if (!address.startsWith(exchangePrefix)) return undefined;
  const [exchangePart = '', keyPart = '', ...more] = address
    .slice(exchangePrefix.length)
    .split('/');
  if (exchangePart === '' || exchangePart === 'amq.default' || more.length > 0) return undefined;
  const exchange = decodeSegment(exchangePart);
  const routingKey = decodeSegment(keyPart);
  if (exchange === undefined || routingKey === undefined) return undefined;
  return { exchange, routingKey, queue: undefined, isDeclared: false };
}

/** Reads the address of a source in version 2, `/queues/:queue`; undefined if it is malformed. */
export function parseSource(address: string): SourceAddress | undefined {
  if (!address.startsWith(queuePrefix)) return undefined;
  const queue = decodeSegment(address.slice(queuePrefix.length));
  if (queue === undefined) return undefined;
  return { queue, exchange: '', bindingKey: '', isDeclared: false };
}

/** In version 1, only the slash is encoded. */
function unescaped(text: string): string {
  return text.replaceAll('%2F', '/');
}

/**
 * Reads the address of a target in version 1: `/queue/:queue`, `/queue`, `/amq/queue/:queue`,
 * `/exchange/:exchange`, `/exchange/:exchange/:routing-key`, `/topic/:routing-key`, or the name of a
 * queue.
 *
 * @returns undefined if it is malformed
 */
export function parseTargetV1(address: string): TargetAddress | undefined {
  const found = parseV1(address);
  if (found === undefined) return undefined;
  const { type, name, key } = found;
  if (type === 'exchange') {
    const routingKey = key === undefined || key === '' ? undefined : key;
    return { exchange: name, routingKey, queue: undefined, isDeclared: false };
  }
  if (type === 'topic') {
    return { exchange: 'amq.topic', routingKey: name, queue: undefined, isDeclared: false };
  }
  if (type === 'subject') {
    return { exchange: '', routingKey: undefined, queue: undefined, isDeclared: false };
  }
  return { exchange: '', routingKey: name, queue: name, isDeclared: type === 'queue' };
}

/** Reads the address of a source in version 1; undefined if it is malformed. */
export function parseSourceV1(address: string): SourceAddress | undefined {
  const found = parseV1(address);
  if (found === undefined || found.type === 'subject') return undefined;
  const { type, name, key = '' } = found;
  if (type === 'exchange') {
    return { queue: undefined, exchange: name, bindingKey: key, isDeclared: false };
  }
  if (type === 'topic') {
    return { queue: undefined, exchange: 'amq.topic', bindingKey: name, isDeclared: false };
  }
  return { queue: name, exchange: '', bindingKey: '', isDeclared: type === 'queue' };
}

interface Version1 {
  readonly type: 'exchange' | 'topic' | 'queue' | 'amq-queue' | 'subject';
  readonly name: string;
  /** The routing or binding key; only of exchanges. */
  readonly key: string | undefined;
}

function parseV1(address: string): Version1 | undefined {
  const parts = address.split('/');
  if (parts.length === 1) return { type: 'queue', name: unescaped(address), key: undefined };
  const [first, type, ...rest] = parts;
  if (first !== '') return undefined;
  if (type === 'exchange') return exchangeV1(rest);
  if (type === 'queue' && rest.length === 0) {
    return { type: 'subject', name: '', key: undefined };
  }
  const names = type === 'amq' && rest[0] === 'queue' ? rest.slice(1) : rest;
  const [name] = names;
  if (name === undefined || name === '' || names.length > 1) return undefined;
  if (type === 'queue' || type === 'topic') return { type, name: unescaped(name), key: undefined };
  if (type !== 'amq' || names === rest) return undefined;
  return { type: 'amq-queue', name: unescaped(name), key: undefined };
}

function exchangeV1([name, key, ...more]: readonly string[]): Version1 | undefined {
  if (name === undefined || name === '' || more.length > 0) return undefined;
  return { type: 'exchange', name: unescaped(name), key: key && unescaped(key) };
}

/** Percent-encodes a name for an address: all bytes but letters, digits and `-._~`. */
export function quoted(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The address of a queue in version 2. */
export function queueAddress(name: string): string {
  return queuePrefix + quoted(name);
}

/** The address of a routing key of an exchange in version 2. */
export function exchangeAddress(exchange: string, routingKey: string): string {
  return `${exchangePrefix}${quoted(exchange)}/${quoted(routingKey)}`;
}
