// Bindings of the management node.

import { createHash } from 'node:crypto';
import { type Arguments, canonicalArguments } from '../../../../broker/arguments.ts';
import { BrokerError } from '../../../../broker/errors.ts';
import type { Binding, Destination } from '../../../../broker/exchanges/binding.ts';
import type { Exchange } from '../../../../broker/exchanges/exchange.ts';
import { type Entry, type Item, nullItem, stringItem } from '../../codec/items.ts';
import { quoted } from '../addresses.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { inSession, requireAccess } from '../refusals.ts';
import { requireNamed, requireOneLine } from './names.ts';
import type { Answer, Call } from './operations.ts';
import { nameOf } from './path.ts';
import { encodedItem, failure, noContent, RequestError, type Response } from './response.ts';
import { argumentsItem, Fields } from './values.ts';

/** Maximum number of bindings between two ends in one response, and their size, bytes. */
const listedCountMax = 10_000;
const listedBytesMax = 4 * 1024 * 1024;

/** Bindings whose keys are compared in one step. */
const comparedPerStep = 64;

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
export function removeBinding({ own, part = '', body }: Call, answer: Answer): void {
  const { host } = own;
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
  let found: Found | undefined;
  const steps = visitBetween(own, ends, (each) => {
    if (hashOf(each.binding.arguments) === hash) found = each;
    return found === undefined;
  });
  host.gate.finishFirst(
    steps,
    host.guarded(() => answer(found === undefined ? noContent : unbind(own, found))),
  );
}

function unbind({ vhost, host }: RabbitMqConnection, { from, to, binding }: Found): Response {
  try {
    if (to.kind === 'queue') to.requireOwner(host);
    vhost.unbind(from, to, binding.routingKey, binding.arguments);
  } catch (thrown) {
    if (thrown instanceof BrokerError) return failure(new RequestError('400', thrown.message));
    throw thrown;
  }
  return noContent;
}

/** `GET /bindings?src=…&dstq=…&key=…` */
export function listBindings({ own, query }: Call, answer: Answer): void {
  const source = query.get('src');
  const key = query.get('key');
  const queue = query.get('dstq');
  const destination = query.get('dste') ?? queue;
  if (source === undefined || key === undefined || destination === undefined) {
    const shown = [...query.keys()].join(', ').slice(0, 200);
    throw new RequestError('400', `missing 'src', 'key', and 'dste' or 'dstq' in query: ${shown}`);
  }
  const kind = query.has('dste') ? 'exchange' : 'queue';
  const ends: Ends = { source, kind, destination, key };
  const listed: Buffer[] = [];
  let listedBytes = 0;
  const steps = visitBetween(own, ends, ({ binding }) => {
    const bytes = encodedItem(describeBinding(ends, binding));
    listedBytes += bytes.length;
    if (listedBytes > listedBytesMax && listed.length > 0) return false;
    listed.push(bytes);
    return listed.length < listedCountMax;
  });
  const { host } = own;
  host.gate.finishFirst(
    steps,
    host.guarded(() => answer({ status: '200', body: nullItem, listed })),
  );
}

/** A binding with its ends. */
interface Found {
  readonly from: Exchange;
  readonly to: Destination;
  readonly binding: Binding;
}

/** Visits the bindings between two ends with a key in steps, until `visit` returns false. */
function* visitBetween(
  { vhost }: RabbitMqConnection,
  ends: Ends,
  visit: (found: Found) => boolean,
): Generator<void> {
  const { source, kind, destination, key } = ends;
  const from = vhost.exchanges.get(source);
  const to = kind === 'queue' ? vhost.queues.get(destination) : vhost.exchanges.get(destination);
  if (from === undefined || to === undefined) return;
  let comparedCount = 0;
  for (const binding of from.bindingsTo(to)) {
    if (binding.routingKey === key) {
      if (!visit({ from, to, binding })) return;
      yield;
    } else if (++comparedCount % comparedPerStep === 0) yield;
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
