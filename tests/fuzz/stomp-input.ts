// Random STOMP frames.

import type { SeededRandom } from '../support/seeded-random.ts';
import { textFrame } from '../support/stomp-peer.ts';

const destinations = [
  '/queue/a',
  '/queue/b.c',
  '/queue/>',
  '/queue/b.*',
  '/queue/a,/topic/t',
  '/topic/t',
  '/topic/t.>',
  '/topic/VirtualTopic.x',
  '/queue/Consumer.c.VirtualTopic.x',
  '/temp-queue/own',
  '/temp-topic/own',
  '/remote-temp-queue/ID:x',
  '/queue/ActiveMQ.DLQ',
  '/queue/amq.subscription.x',
  'plain',
  '/queue/',
  '',
  ',',
  '/queue/amq.temporary.x',
];
const ids = ['1', '2', 's', '', 'x'.repeat(2000)];
const transactions = ['t', 'u'];
const selectors = [
  "a = 'b'",
  'n > 5',
  'n BETWEEN 1 AND',
  'a IN (',
  "a LIKE '%x%'",
  'NOT a IS NULL',
  '(((((',
];

/** The commands of clients that have logged in, with their short forms. */
export const commands: readonly string[] = [
  ...['SEND', 'SUBSCRIBE', 'SUB', 'UNSUBSCRIBE', 'UNSUB', 'ACK', 'NACK', 'BEGIN', 'COMMIT'],
  ...['ABORT', 'DISCONNECT'],
];

type Headers = Record<string, string>;

/** Sometimes adds a header. */
function maybe(
  random: SeededRandom,
  headers: Headers,
  name: string,
  values: readonly string[],
): void {
  if (random.oneIn(3)) headers[name] = random.pick(values);
}

function send(random: SeededRandom): string {
  const headers: Headers = { destination: random.pick(destinations) };
  const body = random.pick(['', 'text', 'a\0b', 'x'.repeat(500), 'ä']);
  if (body.includes('\0') || random.oneIn(3)) {
    headers['content-length'] = String(Buffer.byteLength(body));
  }
  maybe(random, headers, 'persistent', ['true', 'false']);
  maybe(random, headers, 'expires', ['1', '9999999999999', '0', 'x']);
  maybe(random, headers, 'priority', ['0', '9', '99', '-1']);
  maybe(random, headers, 'reply-to', destinations);
  maybe(random, headers, 'amq-msg-type', ['text', 'bytes', 'map']);
  maybe(random, headers, 'n', ['1', '7', 'x']);
  maybe(random, headers, 'a', ['b', 'x\\cy\\n', '\\q']);
  maybe(random, headers, 'JMSXGroupSeq', ['1', 'x']);
  maybe(random, headers, '__proto__', ['x']);
  if (random.oneIn(4)) headers['transaction'] = random.pick(transactions);
  return textFrame('SEND', headers, body);
}

function subscribe(random: SeededRandom): string {
  const headers: Headers = { id: random.pick(ids), destination: random.pick(destinations) };
  const modes = ['client', 'client-individual', 'client', 'auto', 'x'];
  if (!random.oneIn(4)) headers['ack'] = random.pick(modes);
  maybe(random, headers, 'selector', selectors);
  maybe(random, headers, 'activemq.prefetchSize', ['0', '1', '5', '-3', 'x', '9999999999']);
  maybe(random, headers, 'activemq.subscriptionName', ['durable']);
  maybe(random, headers, 'activemq.exclusive', ['true']);
  maybe(random, headers, 'activemq.priority', ['5', '-500']);
  maybe(random, headers, 'activemq.noLocal', ['true']);
  maybe(random, headers, 'browser', ['true']);
  return textFrame(random.oneIn(9) ? 'SUB' : 'SUBSCRIBE', headers);
}

/** Returns a frame that a client may send, valid or invalid. */
export function randomFrame(random: SeededRandom, acks: readonly Headers[]): string {
  const receipt: Headers = random.oneIn(3) ? { receipt: 'r' } : {};
  const settled = acks.length > 0 && !random.oneIn(5) ? random.pick(acks) : { id: '1-0' };
  const inTransaction: Headers = random.oneIn(4) ? { transaction: random.pick(transactions) } : {};
  const transaction = random.pick(transactions);
  const named: Headers = random.oneIn(4) ? { 'activemq.subscriptionName': 'durable' } : {};
  const frames = [
    () => send(random),
    () => send(random),
    () => subscribe(random),
    () => textFrame('ACK', { ...settled, ...inTransaction, ...receipt }),
    () => textFrame('NACK', { ...settled, ...inTransaction, ...receipt }),
    () =>
      textFrame(random.oneIn(9) ? 'UNSUB' : 'UNSUBSCRIBE', {
        id: random.pick(ids),
        ...named,
        ...receipt,
      }),
    () => textFrame('BEGIN', { transaction, ...receipt }),
    () => textFrame('COMMIT', { transaction, ...receipt }),
    () => textFrame('ABORT', { transaction, ...receipt }),
    () => '\n\r\n',
    () => (random.oneIn(40) ? textFrame('DISCONNECT', receipt) : '\n'),
  ];
  return random.pick(frames)();
}
