// Bindings of the management node.

import { createHash } from 'node:crypto';
import { type Arguments, canonicalArguments } from '../../../../broker/arguments.ts';
import { BrokerError } from '../../../../broker/errors.ts';
import type { Binding, Destination } from '../../../../broker/exchanges/binding.ts';
import type { Exchange } from '../../../../broker/exchanges/exchange.ts';
import { type Entry, type Item, stringItem } from '../../codec/items.ts';
import { quoted } from '../addresses.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { inSession, requireAccess } from '../refusals.ts';
import { requireNamed, requireOneLine } from './names.ts';
import type { Call } from './operations.ts';
import { nameOf } from './path.ts';
import { noContent, RequestError, type Response } from './response.ts';
import { argumentsItem, Fields } from './values.ts';

/** Maximum number of bindings between two ends in one response. */
const listedCountMax = 10_000;

/** Digits of the hash of the arguments of a binding. */
const hashLength = 22;

/** `src=e1;dstq=q2;key=my-key;args=`: the parts are percent-encoded. */
const segmentPattern =
  /^src=([0-9A-Za-z\-._~%]+);dst([eq])=([0-9A-Za-z\-._~%]+);key=([0-9A-Za-z\-._~%]*);args=([0-9A-Za-z\-_]*)$/;

/** The ends of a binding. */
interface Ends {
  readonly source: string;
  readonly kind: 'queue' | 'exchange';
  readonly destination: string;
  readonly key: string;
}

/** `POST /bindings` */
export function addBinding({ own, body }: Call): Response {
  const { vhost, host } = own;
  const fields = new Fields(body, 'binding field', [
    'source',
    'destination_queue',
    'destination_exchange',
    'binding_key',
    'arguments',
  ]);
  const isQueue = fields.has('destination_queue');
  const ends: Ends = {
    source: fields.text('source'),
    kind: isQueue ? 'queue' : 'exchange',
    destination: fields.text(isQueue ? 'destination_queue' : 'destination_exchange'),
    key: fields.text('binding_key', ''),
  };
  const args = fields.arguments();
  requireEnds(own, ends);
  asBadRequest(() => {
    const source = vhost.exchange(ends.source);
    const destination = isQueue
      ? vhost.queue(ends.destination, host)
      : vhost.exchange(ends.destination);
    vhost.bind(source, destination, ends.key, args);
  });
  return noContent;
}

/** `DELETE /bindings/:binding`. A missing binding is not an error. */
export function removeBinding({ own, part = '', body }: Call): Response {
  const { vhost, host } = own;
  if (body.type !== 'null') throw new RequestError('400', 'a DELETE request has a body');
  const match = segmentPattern.exec(part);
  if (match === null) {
    throw new RequestError('400', `bad binding path segment '${part.slice(0, 200)}'`);
  }
  const [, source, kind, destination, key, hash] = match;
  const ends: Ends = {
    source: nameOf(source),
    kind: kind === 'q' ? 'queue' : 'exchange',
    destination: nameOf(destination),
    key: nameOf(key),
  };
  requireEnds(own, ends);
  for (const { from, to, binding } of bindingsBetween(own, ends)) {
    if (hashOf(binding.arguments) !== hash) continue;
    asBadRequest(() => {
      if (to.kind === 'queue') to.requireOwner(host);
      vhost.unbind(from, to, binding.routingKey, binding.arguments);
    });
    break;
  }
  return noContent;
}

/** `GET /bindings?src=…&dstq=…&key=…` */
export function listBindings({ own, query }: Call): Response {
  const source = query.get('src');
  const key = query.get('key');
  const queue = query.get('dstq');
  const destination = query.get('dste') ?? queue;
  if (source === undefined || key === undefined || destination === undefined) {
    const shown = [...query.keys()].join(', ').slice(0, 200);
    throw new RequestError('400', `missing 'src', 'key', and 'dste' or 'dstq' in query: ${shown}`);
  }
  const kind = query.has('dste') ? 'exchange' : 'queue';
  const listed: Item[] = [];
  for (const { binding } of bindingsBetween(own, { source, kind, destination, key })) {
    if (listed.length >= listedCountMax) break;
    listed.push(describeBinding({ source, kind, destination, key }, binding));
  }
  return { status: '200', body: { type: 'list', value: listed } };
}

/** A binding with its ends. */
interface Found {
  readonly from: Exchange;
  readonly to: Destination;
  readonly binding: Binding;
}

function* bindingsBetween({ vhost }: RabbitMqConnection, ends: Ends): Generator<Found> {
  const { source, kind, destination, key } = ends;
  const from = vhost.exchanges.get(source);
  const to = kind === 'queue' ? vhost.queues.get(destination) : vhost.exchanges.get(destination);
  if (from === undefined || to === undefined) return;
  for (const binding of [...from.bindingsTo(to)]) {
    if (binding.routingKey === key) yield { from, to, binding };
  }
}

/**
 * Checks names and permissions.
 *
 * @throws {RequestError} `403` for the default exchange, `400` for names with line breaks
 * @throws {AmqpError} `unauthorized-access` with scope `session`
 */
function requireEnds({ vhost, access }: RabbitMqConnection, ends: Ends): void {
  const { source, kind, destination, key } = ends;
  requireNamed(source);
  if (kind === 'exchange') requireNamed(destination);
  for (const name of [source, destination]) requireOneLine(name);
  requireAccess(access, 'write', kind, destination);
  requireAccess(access, 'read', 'exchange', source);
  const isTopic = vhost.exchanges.get(source)?.type.name === 'topic';
  if (isTopic) inSession(() => access.requireTopic('read', source, key));
}

/** All errors of bindings have the status 400. */
function asBadRequest(act: () => void): void {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof BrokerError) throw new RequestError('400', thrown.message);
    throw thrown;
  }
}

function describeBinding({ source, kind, destination, key }: Ends, binding: Binding): Item {
  const entry = (name: string, value: Item): Entry => [stringItem(name), value];
  const ends = `src=${quoted(source)};dst${kind === 'queue' ? 'q' : 'e'}=${quoted(destination)}`;
  const location = `/bindings/${ends};key=${quoted(key)};args=${hashOf(binding.arguments)}`;
  return {
    type: 'map',
    value: [
      entry('source', stringItem(source)),
      entry(`destination_${kind}`, stringItem(destination)),
      entry('binding_key', stringItem(key)),
      entry('arguments', argumentsItem(binding.arguments)),
      entry('location', stringItem(location)),
    ],
  };
}

/** Identifies the arguments of a binding; empty if there are none. */
function hashOf(args: Arguments): string {
  if (Object.keys(args).length === 0) return '';
  const hash = createHash('sha256').update(canonicalArguments(args)).digest('base64url');
  return hash.slice(0, hashLength);
}
