// The fuzzer of STOMP in RabbitMQ's dialect.

import assert from 'node:assert/strict';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type StompPeer, textFrame } from '../support/stomp-peer.ts';
import { RabbitMqStomp } from '../support/stomp-rabbitmq.ts';
import type { Fuzzer } from './fuzzer.ts';
import type { Tally } from './tally.ts';

/** Turns of the event loop that what is left to do may take. */
const turnsMax = 1000;

const destinations = [
  '/queue/a',
  '/queue/b%2Fc',
  'plain',
  '/amq/queue/a',
  '/amq/queue/none',
  '/topic/t',
  '/topic/#',
  '/exchange/amq.direct/k',
  '/exchange/amq.headers',
  '/exchange/none/k',
  '/reply-queue/a',
  '/temp-queue/own',
  '/queue/',
  '/exchange//x',
  '/x/y',
  '/queue/witness',
  '',
];
const ids = ['1', '2', 's', '', 'a@@b', '/temp-queue/x', 'x'.repeat(2000)];
const transactions = ['t', 'u'];
const flags = ['true', 'false', 'x'];
const numbers = ['0', '1', '5', '-1', 'x', '99999999999999999999'];

/** The commands of clients that have logged in. */
const commands: readonly string[] = [
  ...['SEND', 'SUBSCRIBE', 'UNSUBSCRIBE', 'ACK', 'NACK', 'BEGIN', 'COMMIT', 'ABORT', 'DISCONNECT'],
];

type Headers = Record<string, string>;

/** Sometimes adds headers that queues are declared with. */
function declaring(random: SeededRandom, headers: Headers): void {
  if (!random.oneIn(6)) return;
  const name = random.pick([
    'durable',
    'persistent',
    'auto-delete',
    'exclusive',
    'x-message-ttl',
    'x-max-length',
    'x-max-priority',
    'x-dead-letter-exchange',
    'x-queue-type',
    'x-queue-name',
  ]);
  const isFlag = !name.startsWith('x-');
  const texts = ['amq.topic', 'quorum', 'stream', 'classic', 'x'];
  headers[name] = random.pick(isFlag ? flags : [...numbers, ...texts]);
}

function send(random: SeededRandom): string {
  const headers: Headers = { destination: random.pick(destinations) };
  const body = random.pick(['', 'text', 'a\0b', 'x'.repeat(500), 'ä']);
  if (body.includes('\0') || random.oneIn(3)) {
    headers['content-length'] = String(Buffer.byteLength(body));
  }
  const rare = (name: string, values: readonly string[]) => {
    if (random.oneIn(8)) headers[name] = random.pick(values);
  };
  rare('persistent', flags);
  rare('priority', numbers);
  rare('expiration', numbers);
  rare('timestamp', numbers);
  rare('reply-to', destinations);
  rare('user-id', ['eve', 'bob']);
  rare('message-id', ['x']);
  rare('CC', ['a']);
  rare('amqp-message-id', ['m', 'x'.repeat(300)]);
  rare('x'.repeat(300), ['x']);
  rare('__proto__', ['x']);
  rare('colon\\cname', ['x\\n', '\\q']);
  declaring(random, headers);
  if (random.oneIn(4)) headers['transaction'] = random.pick(transactions);
  return textFrame('SEND', headers, body);
}

function subscribe(random: SeededRandom): string {
  const headers: Headers = { destination: random.pick(destinations) };
  if (!random.oneIn(5)) headers['id'] = random.pick(ids);
  if (!random.oneIn(4)) {
    headers['ack'] = random.pick(['client', 'client-individual', 'client', 'auto', 'x']);
  }
  if (random.oneIn(4)) headers['prefetch-count'] = random.pick(numbers);
  if (random.oneIn(8)) headers['x-stream-offset'] = random.pick(['first', 'offset=1', 'x']);
  declaring(random, headers);
  return textFrame('SUBSCRIBE', headers);
}

/** Returns a frame that a client may send, valid or invalid. */
function randomFrame(random: SeededRandom, acks: readonly Headers[]): string {
  const receipt: Headers = random.oneIn(3) ? { receipt: 'r' } : {};
  const settled = acks.length > 0 && !random.oneIn(5) ? random.pick(acks) : { id: 'T_1@@s@@0' };
  const inTransaction: Headers = random.oneIn(4) ? { transaction: random.pick(transactions) } : {};
  const transaction = random.pick(transactions);
  const requeue: Headers = random.oneIn(3) ? { requeue: random.pick(flags) } : {};
  const durable: Headers = random.oneIn(4) ? { durable: 'true' } : {};
  const frames = [
    () => send(random),
    () => send(random),
    () => subscribe(random),
    () => textFrame('ACK', { ...settled, ...inTransaction, ...receipt }),
    () => textFrame('NACK', { ...settled, ...inTransaction, ...requeue, ...receipt }),
    () => textFrame('UNSUBSCRIBE', { id: random.pick(ids), ...durable, ...receipt }),
    () => textFrame('BEGIN', { transaction, ...receipt }),
    () => textFrame('COMMIT', { transaction, ...receipt }),
    () => textFrame('ABORT', { transaction, ...receipt }),
    () => '\n\r\n',
    () => (random.oneIn(8) ? textFrame('DISCONNECT', receipt) : '\n'),
  ];
  return random.pick(frames)();
}

/** A client, and by what it can name its deliveries. */
class RandomClient {
  readonly peer: StompPeer;
  readonly #random: SeededRandom;
  readonly #tally: Tally;
  #acks: Headers[] = [];

  private constructor(peer: StompPeer, random: SeededRandom, tally: Tally) {
    this.peer = peer;
    this.#random = random;
    this.#tally = tally;
  }

  static async connect(b: RabbitMqStomp, random: SeededRandom, tally: Tally) {
    const peer = b.peer();
    const version = random.pick(['1.0', '1.1', '1.2']);
    const host = random.pick(['/', '/', '/', 'none']);
    await peer.connect({ 'accept-version': version, login: 'eve', host });
    if (peer.take()[0]?.command === 'CONNECTED') tally.reach('CONNECT');
    return new RandomClient(peer, random, tally);
  }

  step(): void {
    const random = this.#random;
    const text = randomFrame(random, this.#acks);
    const bytes = Buffer.from(text);
    const isDamaged = random.oneIn(60);
    this.#tally.input();
    this.peer.receive(isDamaged ? random.damaged(bytes) : bytes);
    if (random.oneIn(10)) this.peer.takesMore = false;
    else if (random.oneIn(5)) this.peer.drain();
    let isRefused = isDamaged;
    for (const { command, headers, body } of this.peer.take()) {
      if (command === 'ERROR') isRefused = true;
      if (command !== 'MESSAGE') continue;
      assert.ok(!body.includes('canary'), 'a message of another client');
      const { ack } = headers;
      const messageId = headers['message-id'] ?? '';
      this.#acks.push(ack === undefined ? { 'message-id': messageId } : { id: ack });
    }
    this.#acks = this.#acks.slice(-8);
    const command = text.slice(0, text.indexOf('\n')).trim();
    if (!isRefused) this.#tally.reach(command === '' ? 'heart-beat' : command);
  }
}

const limits = { bodyBytesMax: 1000, pendingBytesMax: 4000, transactionBytesMax: 20_000 };

/** The broker releases the state of disconnected clients in later turns. */
async function settled({ broker }: RabbitMqStomp): Promise<void> {
  for (let turns = 0; turns < turnsMax; turns++) {
    if (broker.background.isIdle && !broker.background.isPending) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Requires that no state is held after all clients have disconnected, and that all messages are ready. */
function requireNothingHeld(b: RabbitMqStomp): void {
  const { broker } = b;
  assert.equal(broker.clientConnections.size, 0, 'sessions');
  assert.equal(broker.logWaiters.count, 0, 'waiters for the log');
  assert.ok(broker.background.isIdle, 'work is left');
  assert.equal(broker.unread.bytes, 0, 'unread bytes');
  assert.equal(broker.flow.publisherCount, 0, 'publishers');
  for (const queue of broker.vhost('/').queues.values()) {
    assert.equal(queue.consumerCount, 0, `consumers of ${queue.name}`);
    assert.ok(!queue.options.exclusive, `${queue.name} was to end with its client`);
    if (queue.settings.type === 'stream') continue;
    assert.equal(queue.readyCount, queue.index.count, `ready messages of ${queue.name}`);
  }
}

async function fuzzConnection(random: SeededRandom, tally: Tally): Promise<void> {
  const b = await RabbitMqStomp.open({}, { limits });
  // What begins with the letter w belongs to another user.
  const own = '^[^w]';
  b.broker.setPermission('eve', '/', { configure: own, write: own, read: own });
  const witness = await b.client();
  witness.send('SUBSCRIBE', { id: 'w', destination: '/queue/witness' });
  let [sentCount, seenCount] = [0, 0];
  const canary = () => {
    witness.send('SEND', { destination: '/queue/witness' }, 'canary');
    sentCount++;
    seenCount += witness.bodies().filter((body) => body === 'canary').length;
  };
  const connect = () => RandomClient.connect(b, random, tally);
  const clients = [await connect(), await connect()];
  for (let left = 20 + random.below(100); left > 0; left--) {
    const at = random.below(2);
    const client = clients[at];
    client?.step();
    if (random.oneIn(4)) b.sync();
    if (random.oneIn(10)) b.broker.tick();
    if (random.oneIn(10)) canary();
    if (client?.peer.isClosed !== true && !random.oneIn(50)) continue;
    client?.peer.connection.ended();
    clients[at] = await connect();
  }
  b.sync();
  for (const { peer } of clients) peer.drain();
  canary();
  assert.equal(seenCount, sentCount, 'canaries that came back');
  for (const { peer } of clients) peer.connection.ended();
  witness.connection.ended();
  b.broker.tick();
  b.sync();
  await settled(b);
  requireNothingHeld(b);
}

/** Whole connections of STOMP in RabbitMQ's dialect. */
export const stompRabbitMqFuzzers: readonly Fuzzer[] = [
  {
    name: 'stomp connection to RabbitMQ',
    roundCount: 150,
    handlers: ['CONNECT', 'heart-beat', ...commands],
    run: fuzzConnection,
  },
];
