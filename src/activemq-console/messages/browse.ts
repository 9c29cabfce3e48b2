// Browsing of messages: their properties, and never their bodies.

import { qualifiedName } from '../../broker/activemq/destination.ts';
import type { Properties } from '../../broker/conversion/properties.ts';
import { type Field, toJson, type Value } from '../../broker/conversion/value.ts';
import { Cursor } from '../../broker/dispatch/cursor.ts';
import type { Queue } from '../../broker/queue.ts';
import { Delivery } from '../../broker/subscription.ts';
import { inSlices } from '../../management/slices.ts';
import { type Answer, htmlAnswer, jsonAnswer } from '../answers.ts';
import type { Console } from '../console.ts';
import {
  browseCountDefault,
  browseCountMax,
  shownLengthMax,
  shownPropertiesLengthMax,
  shownPropertyCountMax,
} from '../limits.ts';
import { queuePage } from '../pages/queue-page.ts';
import type { ConsoleRequest } from '../request.ts';

/** Bytes of a head per unit of work: it is decoded. */
const headBytesOfUnit = 16;

/** A message as it is shown. Long texts are cut. */
export interface ShownMessage {
  /** The number of the message in its queue, from 0. */
  readonly sequence: number;
  readonly messageId: string | null;
  readonly correlationId: string | null;
  readonly type: string | null;
  readonly replyTo: string | null;
  readonly groupId: string | null;
  readonly priority: number;
  readonly persistent: boolean;
  readonly redelivered: boolean;
  /** When the broker received it, milliseconds since 1970. */
  readonly receivedAtMs: number;
  /** Milliseconds since 1970; 0 for never. */
  readonly expiresAtMs: number;
  readonly bodyBytes: number;
  /** Those of the sender. The last ones are left out if there are many. */
  readonly properties: Readonly<Record<string, string>>;
}

/** Some messages of a queue. */
export interface Browsed {
  readonly name: string;
  readonly messages: readonly ShownMessage[];
  /** The `from` of the following messages; null if there are none. */
  readonly next: number | null;
}

/** `GET /admin/queues/{name}`: a page for people */
export async function showQueue(request: ConsoleRequest): Promise<Answer> {
  const queue = request.console.queue(request.label('name'));
  return htmlAnswer(queuePage(request, queue, await browse(request, queue)));
}

/** `GET /admin/api/queues/{name}/messages`: the same in JSON */
export async function listMessages(request: ConsoleRequest): Promise<Answer> {
  const queue = request.console.queue(request.label('name'));
  return jsonAnswer(await browse(request, queue));
}

/**
 * Reads messages of a queue without acquiring them, also those that consumers have.
 *
 * @throws {BrokerError} `access-refused`
 * @throws {ConsoleError} `bad-request`
 */
async function browse(request: ConsoleRequest, queue: Queue): Promise<Browsed> {
  const { console, access } = request;
  const { broker } = console;
  console.dialect.rights.require(access, 'read', { kind: 'queue', name: queue.name });
  const count = request.count('count', browseCountDefault, browseCountMax);
  const cursor = new Cursor(broker.store, queue.index, request.number('from'));
  const messages: ShownMessage[] = [];
  while (!queue.isDeleted) {
    const state = await inSlices(broker.background, read(console, queue, cursor, messages, count));
    if (state !== 'cold') {
      return { name: queue.name, messages, next: state === 'end' ? null : cursor.position + 1 };
    }
    await cursor.load();
  }
  return { name: queue.name, messages, next: null };
}

/** Reads until there are enough messages, or one is on disk. */
function* read(
  { broker }: Console,
  queue: Queue,
  cursor: Cursor,
  messages: ShownMessage[],
  count: number,
): Generator<void, 'full' | 'cold' | 'end'> {
  const view = new Delivery();
  for (;;) {
    if (queue.isDeleted) return 'end';
    if (messages.length >= count) return 'full';
    const state = cursor.read(view);
    if (state !== 'message') return state;
    view.count(queue.index, cursor.position);
    const { buffer, headAt, headLength, bodyAt } = view;
    const head = { buffer, headAt, headLength, bodyAt, bodyLength: 0 };
    const properties = broker.formatOf(view.format)?.toProperties(head);
    messages.push(shown(view, cursor.position, properties));
    broker.background.spend(Math.ceil(headLength / headBytesOfUnit));
    yield;
  }
}

function shown(view: Delivery, sequence: number, properties: Properties | undefined): ShownMessage {
  const { priority, isPersistent, redelivered, receivedAtMs, expiresAtMs, bodyLength } = view;
  const { messageId, correlationId, type, replyTo, groupId, headers = [] } = properties ?? {};
  return {
    sequence,
    messageId: messageId === undefined ? null : textOf(messageId),
    correlationId: correlationId === undefined ? null : textOf(correlationId),
    type: type === undefined ? null : cut(type),
    replyTo: replyTo === undefined ? null : cut(qualifiedName(replyTo)),
    groupId: groupId === undefined ? null : cut(groupId),
    priority,
    persistent: isPersistent,
    redelivered,
    receivedAtMs: Math.round(receivedAtMs),
    expiresAtMs: expiresAtMs === Infinity ? 0 : Math.round(expiresAtMs),
    bodyBytes: bodyLength,
    properties: shownProperties(headers),
  };
}

/** Further properties are left out. */
function shownProperties(headers: readonly Field[]): Readonly<Record<string, string>> {
  const shownFields: [name: string, value: string][] = [];
  let length = 0;
  for (const [name, value] of headers.slice(0, shownPropertyCountMax)) {
    const field: [string, string] = [cut(name), textOf(value)];
    length += field[0].length + field[1].length;
    if (length > shownPropertiesLengthMax) break;
    shownFields.push(field);
  }
  // `__proto__` is an ordinary name here.
  return Object.fromEntries(shownFields);
}

function textOf(value: Value): string {
  // Nested values are not converted as a whole, because they may be large.
  if (value.type === 'binary') return cut(value.value.subarray(0, shownLengthMax).toString('hex'));
  if (value.type === 'list' || value.type === 'map') return `(${value.type})`;
  return cut(String(toJson(value)));
}

function cut(text: string): string {
  return text.length <= shownLengthMax ? text : `${text.slice(0, shownLengthMax)}...`;
}
