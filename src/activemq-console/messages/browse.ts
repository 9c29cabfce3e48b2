// Browsing of messages: their properties, and the body of one of them.

import { Cursor } from '../../broker/dispatch/cursor.ts';
import type { Queue } from '../../broker/queue.ts';
import { Delivery } from '../../broker/subscription.ts';
import { inSlices } from '../../management/slices.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import type { Console } from '../console.ts';
import { ConsoleError } from '../errors.ts';
import { browseCountDefault, browseCountMax } from '../limits.ts';
import { listAnswer } from '../listing/list-answer.ts';
import type { ConsoleRequest } from '../request.ts';
import { shownBody } from './shown-body.ts';
import { headPropertiesOf, type ShownMessage, shownMessage } from './shown-message.ts';

/** Bytes of a head per unit of work: it is decoded. */
const headBytesOfUnit = 16;

/** A message of a queue. */
interface QueuedMessage extends ShownMessage {
  /** The number of the message in its queue, from 0. */
  readonly sequence: number;
  readonly redelivered: boolean;
}

/** `GET /admin/api/queues/{name}/messages`: some messages of a queue, from the number `from` on */
export async function listMessages(request: ConsoleRequest): Promise<Answer> {
  const { console } = request;
  const queue = readable(request);
  const count = request.count('count', browseCountDefault, browseCountMax);
  const items: string[] = [];
  const next = await browse(console, queue, request.number('from'), (view, sequence) => {
    items.push(JSON.stringify(shown(console, view, sequence)));
    return items.length < count;
  });
  return listAnswer(request, { head: { name: queue.name, next }, name: 'messages', items });
}

/** `GET /admin/api/queues/{name}/messages/{sequence}`: one message with the beginning of its body */
export async function getMessage(request: ConsoleRequest): Promise<Answer> {
  const { console } = request;
  const queue = readable(request);
  const wanted = request.labelNumber('sequence');
  let found: object | undefined;
  await browse(console, queue, wanted, (view, sequence) => {
    if (sequence === wanted) {
      found = { ...shown(console, view, sequence), body: shownBody(console, view) };
    }
    return false;
  });
  if (found !== undefined) return jsonAnswer(found);
  throw new ConsoleError('not-found', `there is no message ${wanted} in '${queue.name}'`);
}

/** @throws {BrokerError} `access-refused` */
function readable(request: ConsoleRequest): Queue {
  const { console, access } = request;
  const queue = console.queue(request.label('name'));
  console.dialect.rights.require(access, 'read', { kind: 'queue', name: queue.name });
  return queue;
}

/**
 * Reads the messages of a queue, including those that consumers have, without taking them.
 *
 * @param see returns whether to go on. The view is only open until it returns
 * @returns the number from which to continue; null at the end of the queue
 */
export async function browse(
  console: Console,
  queue: Queue,
  from: number,
  see: (view: Delivery, sequence: number) => boolean,
): Promise<number | null> {
  const { store, background } = console.broker;
  const cursor = new Cursor(store, queue.index, from);
  while (!queue.isDeleted) {
    const state = await inSlices(background, read(console, queue, cursor, see));
    if (state !== 'cold') return state === 'end' ? null : cursor.position + 1;
    await cursor.load();
  }
  return null;
}

/** Reads until there are enough messages, or one is on disk. */
function* read(
  { broker }: Console,
  queue: Queue,
  cursor: Cursor,
  see: (view: Delivery, sequence: number) => boolean,
): Generator<void, 'full' | 'cold' | 'end'> {
  const view = new Delivery();
  for (;;) {
    if (queue.isDeleted) return 'end';
    const state = cursor.read(view);
    if (state !== 'message') return state;
    view.count(queue.index, cursor.position);
    const { headLength } = view;
    if (!see(view, cursor.position)) return 'full';
    broker.background.spend(Math.ceil(headLength / headBytesOfUnit));
    yield;
  }
}

function shown(console: Console, view: Delivery, sequence: number): QueuedMessage {
  const { redelivered } = view;
  return { sequence, redelivered, ...shownMessage(view, headPropertiesOf(console, view)) };
}
