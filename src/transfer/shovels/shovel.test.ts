import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { AmqpPeer, openBroker, publishFrames } from '../../../tests/support/amqp-peer.ts';
import { assertContains } from '../../../tests/support/contains.ts';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { Writer } from '../../base/bytes.ts';
import { systemRandom } from '../../base/random.ts';
import type { JsonObject } from '../../broker/rabbitmq/model.ts';
import { everything } from '../../broker/users.ts';
import { PortTransport } from '../../engines/waxwing/shovels/port-transport.ts';
import {
  type BasicProperties,
  readProperties,
  writeProperties,
} from '../../protocols/amqp091/codec/basic-properties.ts';
import { methodIds } from '../../protocols/amqp091/codec/methods.gen.ts';
import { amqp091 } from '../../protocols/amqp091/protocol.ts';
import { PortStream } from './port-stream.ts';
import { Shovel, type ShovelState } from './shovel.ts';

// Shovels between two virtual hosts of a broker in this process, over the transport of their thread.

/** Lets turns of the event loop pass until a condition holds. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 100_000) {
      throw new Error(`it did not happen: ${what}; ${JSON.stringify(place.states)}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A broker with the virtual hosts `/` and `to`. Its log syncs in every turn while `syncs` is set. */
class Place {
  syncs = true;
  readonly clock = new ManualClock();
  readonly states: ShovelState[] = [];
  readonly transports = new Set<PortTransport>();
  movedCount = 0;
  isCompleted = false;
  #isOpen = true;
  #count = 0;
  readonly #opened: Awaited<ReturnType<typeof openBroker>>;

  private constructor(opened: Awaited<ReturnType<typeof openBroker>>) {
    this.#opened = opened;
    opened.broker.accounts.putVhost('to', {});
    opened.broker.accounts.setPermission('guest', 'to', everything);
    const turn = () => {
      if (this.syncs) opened.log.syncNow();
      if (this.#isOpen) setImmediate(turn);
    };
    turn();
  }

  static async open(): Promise<Place> {
    return new Place(await openBroker());
  }

  get broker() {
    return this.#opened.broker;
  }

  get state(): string {
    return this.states.at(-1)?.name ?? '';
  }

  get reason(): string {
    const last = this.states.at(-1);
    return last?.name === 'terminated' ? last.reason : '';
  }

  /** Starts a shovel from `/` to `to`. */
  shovel(value: JsonObject): Shovel {
    const protocol = amqp091(this.broker);
    const uris = { 'src-uri': 'amqp://', 'dest-uri': 'amqp:///to' };
    const shovel = new Shovel(
      { vhost: '/', name: 's', value: { ...uris, ...value } },
      {
        clock: this.clock,
        random: systemRandom,
        authorities: [],
        brokerName: 'here',
        waiting: { bytes: 0, bytesMax: 1024 * 1024 },
        connectLocally: (vhost) => {
          const { port1, port2 } = new MessageChannel();
          const transport = new PortTransport(port2, ++this.#count, vhost);
          this.transports.add(transport);
          transport.attach(protocol.accept(transport), () => this.transports.delete(transport));
          return new PortStream(port1);
        },
      },
      {
        changed: (state) => this.states.push(state),
        moved: () => {
          this.movedCount++;
        },
        completed: () => {
          this.isCompleted = true;
        },
      },
    );
    shovel.start();
    return shovel;
  }

  /** A client with an open channel. */
  async peer(vhost = '/'): Promise<AmqpPeer> {
    const peer = new AmqpPeer(this.broker);
    await peer.open('guest', 0, { virtualHost: vhost });
    peer.call(1, { id: methodIds.channelOpen });
    return peer;
  }

  /** A client that has declared the queue `from` and published this many messages to it. */
  async publisher(count: number): Promise<AmqpPeer> {
    const peer = await this.peer();
    peer.declare('from');
    for (let i = 0; i < count; i++) peer.send(publishFrames(1, 'from', `m${i}`));
    return peer;
  }

  /** The messages of a queue that are ready. */
  ready(vhost: string, queue: string): number {
    return this.broker.vhosts.get(vhost)?.queues.get(queue)?.readyCount ?? -1;
  }

  /** Gets the bodies of a queue in `to`. */
  async take(queue: string, count: number): Promise<AmqpPeer> {
    const peer = await this.peer('to');
    const early = peer.consume(queue);
    await peer.untilDelivered(count);
    peer.received.unshift(...early);
    return peer;
  }

  close(): void {
    this.#isOpen = false;
    for (const transport of [...this.transports]) transport.cut();
  }
}

let place: Place;
const shovels: Shovel[] = [];

/** A test with a place of its own. */
function placed(body: () => Promise<void>): () => Promise<void> {
  return async () => {
    place = await Place.open();
    try {
      await body();
    } finally {
      for (const shovel of shovels.splice(0)) shovel.stop();
      place.close();
    }
  };
}

function start(value: JsonObject): Shovel {
  const shovel = place.shovel(value);
  shovels.push(shovel);
  return shovel;
}

const every: BasicProperties = {
  contentType: 'text/plain',
  contentEncoding: 'gzip',
  headers: {
    text: { type: 'longstr', value: 'ü' },
    large: { type: 'long', value: '9007199254740993' },
    small: { type: 'long', value: 1 },
    whole: { type: 'double', value: 1 },
    half: { type: 'float', value: 0.5 },
    byte: { type: 'byte', value: -1 },
    short: { type: 'short', value: -2 },
    int: { type: 'signedint', value: 3 },
    money: { type: 'decimal', value: '1.50' },
    at: { type: 'timestamp', value: 1_700_000_000 },
    bytes: { type: 'binary', value: 'AP8=' },
    nothing: { type: 'void', value: null },
    yes: { type: 'bool', value: true },
    list: { type: 'array', value: [{ type: 'longstr', value: 'x' }] },
    '!': { type: 'table', value: { '!': { type: 'longstr', value: 'timestamp' } } },
  },
  deliveryMode: 2,
  priority: 7,
  correlationId: 'c',
  replyTo: 'r',
  expiration: '600000',
  messageId: 'm',
  timestamp: 12_345,
  type: 't',
  userId: 'guest',
  appId: 'a',
};

function headOf(properties: BasicProperties): Buffer {
  const w = new Writer(4096);
  writeProperties(w, properties);
  return w.toBuffer();
}

/** The properties of the first message that a client was sent. */
function firstProperties({ bytes }: AmqpPeer): BasicProperties {
  const sent = Buffer.concat(bytes);
  // Class 60, weight 0 and a body size below 2^32 begin the payload of a content header.
  const at = sent.indexOf(Buffer.from([0, 60, 0, 0, 0, 0, 0, 0]));
  assert.ok(at > 0, 'there is a content header');
  const size = sent.readUInt32BE(at - 4);
  return readProperties(sent, at + 12, at + size);
}

test(
  'properties and headers of all types arrive with the same bytes',
  placed(async () => {
    const from = await place.publisher(0);
    const large = 'x'.repeat(300_000); // more than two frames
    from.send(publishFrames(1, 'from', 'body', every), publishFrames(1, 'from', ''));
    start({ 'src-queue': 'from', 'dest-queue': 'arrived' });
    await until('both have arrived', () => place.movedCount === 2);
    const to = await place.take('arrived', 2);
    assert.ok(Buffer.concat(to.bytes).includes(headOf(every)), 'the properties are the same bytes');
    assert.deepEqual(
      to.received.filter((each) => typeof each === 'string'),
      ['body', ''],
    );
    for (const part of [large.slice(0, 100_000), large.slice(100_000, 200_000)]) {
      from.send(publishFrames(1, 'from', part));
    }
    await until('the large ones have arrived', () => place.movedCount === 4);
    await until('all acknowledgements were received', () => place.ready('/', 'from') === 0);
  }),
);

test(
  'a message is acknowledged only after the destination has it on disk',
  placed(async () => {
    await place.publisher(3);
    start({ 'src-queue': 'from', 'dest-queue': 'arrived' });
    await until('it runs', () => place.movedCount === 3);
    const from = await place.peer();
    place.syncs = false;
    from.send(publishFrames(1, 'from', 'later'));
    await until('it was published', () => place.ready('to', 'arrived') === 4);
    const unacked = () => place.broker.vhosts.get('/')?.queues.get('from')?.index.count;
    assert.equal(place.movedCount, 3);
    assert.equal(unacked(), 1, 'it is still in its queue');
    place.syncs = true;
    await until('it was acknowledged', () => unacked() === 0);
  }),
);

test(
  'after a failure, messages without a confirm are forwarded again',
  placed(async () => {
    await place.publisher(2);
    start({ 'src-queue': 'from', 'dest-queue': 'arrived', 'reconnect-delay': 3 });
    await until('it runs', () => place.movedCount === 2);
    for (const transport of [...place.transports]) transport.cut();
    await until('it has noticed', () => place.state === 'terminated');
    const from = await place.peer();
    from.send(publishFrames(1, 'from', 'meanwhile'));
    place.clock.advance(2999);
    assert.equal(place.state, 'terminated');
    place.clock.advance(1);
    const unacked = () => place.broker.vhosts.get('/')?.queues.get('from')?.index.count;
    await until('all were acknowledged', () => place.movedCount > 2 && unacked() === 0);
    const count = place.ready('to', 'arrived');
    assert.ok(count >= 3 && count <= 5, 'those whose acknowledgement was lost arrive twice');
    assert.deepEqual(
      place.states.map(({ name }) => name),
      ['starting', 'running', 'terminated', 'starting', 'running'],
    );
  }),
);

test(
  'with a delay of 0, a shovel that failed does not connect again',
  placed(async () => {
    await place.publisher(0);
    start({ 'src-queue': 'from', 'dest-queue': 'arrived', 'reconnect-delay': 0 });
    await until('it runs', () => place.state === 'running');
    for (const transport of [...place.transports]) transport.cut();
    await until('it has noticed', () => place.state === 'terminated');
    assert.equal(place.clock.timerCount, 0);
  }),
);

test(
  'a shovel moves the number of messages that it should and no more',
  placed(async () => {
    for (const [ackMode, count] of [
      ['on-confirm', 3],
      ['on-publish', 2],
      ['no-ack', 1],
    ] as const) {
      const peer = await place.publisher(0);
      const before = Math.max(0, place.ready('to', 'arrived'));
      peer.send(...['a', 'b', 'c', 'd', 'e'].map((body) => publishFrames(1, 'from', body)));
      const left = place.ready('/', 'from') - count;
      place.isCompleted = false;
      start({
        'src-queue': 'from',
        'dest-queue': 'arrived',
        'src-delete-after': count,
        'ack-mode': ackMode,
      });
      await until(`${ackMode} has completed`, () => place.isCompleted);
      await until('the rest is ready again', () => place.ready('/', 'from') === left);
      await until('they have arrived', () => place.ready('to', 'arrived') === before + count);
    }
  }),
);

test(
  'the length of the queue at the start is the number of messages to move',
  placed(async () => {
    await place.publisher(4);
    start({ 'src-queue': 'from', 'dest-queue': 'arrived', 'src-delete-after': 'queue-length' });
    await until('it has completed', () => place.isCompleted);
    assert.equal(place.ready('to', 'arrived'), 4);
    place.isCompleted = false;
    start({ 'src-queue': 'from', 'dest-queue': 'arrived', 'src-delete-after': 'queue-length' });
    await until('an empty queue completes at once', () => place.isCompleted);
  }),
);

test(
  'messages of an exchange are forwarded with their routing keys',
  placed(async () => {
    const from = await place.peer();
    const to = await place.peer('to');
    to.declare('arrived');
    const binding = { queue: 'arrived', exchange: 'amq.topic', noWait: true, arguments: {} };
    to.call(1, { id: methodIds.queueBind, ...binding, routingKey: 'a.#' });
    start({ 'src-exchange': 'amq.topic', 'src-exchange-key': 'a.*' });
    await until('it runs', () => place.state === 'running');
    await until('its queue is bound', () => place.broker.vhosts.get('/')?.queues.size === 1);
    const publish = (key: string) => from.send(publishFrames(1, key, key, {}, 'amq.topic'));
    await until('it consumes', () => {
      const [queue] = place.broker.vhosts.get('/')?.queues.values() ?? [];
      return queue?.consumerCount === 1;
    });
    publish('a.1');
    publish('b.1');
    await until('it has arrived', () => place.movedCount === 1);
    const taken = await place.take('arrived', 1);
    const delivered = taken.received.find(
      (each) => typeof each !== 'string' && each.id === methodIds.basicDeliver,
    );
    assertContains(delivered, { exchange: 'amq.topic', routingKey: 'a.1' });
  }),
);

test(
  'headers tell the way of a message, and properties are replaced',
  placed(async () => {
    const from = await place.publisher(0);
    from.send(publishFrames(1, 'from', 'body', every));
    start({
      'src-queue': 'from',
      'dest-queue': 'arrived',
      'dest-add-forward-headers': true,
      'dest-add-timestamp-header': true,
      'dest-publish-properties': { delivery_mode: 1, app_id: 'other' },
    });
    await until('it has arrived', () => place.movedCount === 1);
    const { headers, ...properties } = firstProperties(await place.take('arrived', 1));
    assertContains(properties, { deliveryMode: 1, appId: 'other', messageId: 'm' });
    const way = {
      'shovelled-by': 'here',
      'shovel-type': 'dynamic',
      'shovel-name': 's',
      'shovel-vhost': '/',
      'src-uri': 'amqp://',
      'dest-uri': 'amqp:///to',
      'src-queue': 'from',
      'dest-queue': 'arrived',
    };
    const fields = Object.entries(way).map(([name, value]) => [name, { type: 'longstr', value }]);
    assertContains(JSON.parse(JSON.stringify(headers)), {
      'x-shovelled': {
        type: 'array',
        value: [{ type: 'table', value: Object.fromEntries(fields) }],
      },
      'x-shovelled-timestamp': { type: 'long', value: Math.floor(place.clock.nowMs() / 1000) },
      large: { type: 'long', value: '9007199254740993' },
    });
  }),
);

test(
  'what a full destination refuses stays at the source, and is tried again later',
  placed(async () => {
    await place.publisher(3);
    const to = await place.peer('to');
    to.declare('full', {
      'x-max-length': { type: 'long', value: 1 },
      'x-overflow': { type: 'longstr', value: 'reject-publish' },
    });
    start({ 'src-queue': 'from', 'dest-queue': 'full' });
    await until('one has arrived', () => place.movedCount === 1);
    const unacked = () => place.broker.vhosts.get('/')?.queues.get('from')?.index.count;
    await until('its acknowledgement has arrived', () => unacked() === 2);
    to.consume('full');
    await until('the rest arrives', () => {
      place.clock.advance(500);
      to.drain();
      to.connection.flush();
      for (const { tag } of to.deliveries.splice(0)) {
        to.call(1, { id: methodIds.basicAck, deliveryTag: tag, multiple: false });
      }
      return place.movedCount === 3;
    });
    await until('all were acknowledged', () => unacked() === 0);
  }),
);

test(
  'a destination queue that was deleted is declared again, and no message is lost',
  placed(async () => {
    await place.publisher(1);
    start({ 'src-queue': 'from', 'dest-queue': 'arrived', 'reconnect-delay': 1 });
    await until('it runs', () => place.movedCount === 1);
    place.broker.vhosts.get('to')?.deleteQueue('arrived', {}, { ifUnused: false, ifEmpty: false });
    const from = await place.peer();
    from.send(publishFrames(1, 'from', 'kept'));
    await until('it has failed', () => place.state === 'terminated');
    assert.match(place.reason, /^destination: a message reached no queue: 312 NO_ROUTE$/);
    place.clock.advance(1000);
    await until('it has arrived', () => place.movedCount === 2);
    assert.equal(place.ready('to', 'arrived'), 1);
  }),
);

test(
  'many messages wait for confirms within the limit of bytes, and all arrive in order',
  placed(async () => {
    const from = await place.publisher(0);
    const body = 'x'.repeat(100_000);
    for (let i = 0; i < 40; i++) from.send(publishFrames(1, 'from', `${i} ${body}`));
    place.syncs = false;
    start({ 'src-queue': 'from', 'dest-queue': 'arrived' });
    for (let turns = 0; turns < 2000; turns++) {
      if (turns === 100) place.syncs = true; // the queues have been declared
      if (turns === 300) place.syncs = false;
      await new Promise((resolve) => setImmediate(resolve));
    }
    place.syncs = true;
    await until('all have arrived', () => place.movedCount === 40);
    const to = await place.take('arrived', 40);
    const bodies = to.received.filter((each): each is string => typeof each === 'string');
    assert.deepEqual(
      bodies.map((each) => Number(each.split(' ')[0])),
      Array.from({ length: 40 }, (_, i) => i),
    );
  }),
);

test(
  'a shovel that cannot run says why',
  placed(async () => {
    start({ 'src-queue': 'from', 'dest-queue': 'arrived', 'dest-uri': 'amqp:///none' });
    await until('it has failed', () => place.state === 'terminated');
    assert.match(place.reason, /^destination amqp:\/\/\/none: 530 NOT_ALLOWED - /);
    start({ 'src-queue': 'from', 'dest-queue': 'a', 'dest-uri': 'amqps://u:***@host' });
    await until('it has failed', () => place.state === 'terminated');
    assert.equal(place.reason, 'a password is masked: set the shovel again');
    start({ 'dest-queue': 'a' });
    assert.equal(place.reason, "Must specify 'src-exchange' or 'src-queue'");
    start({
      'src-queue': 'from',
      'dest-queue': 'a',
      'dest-uri': 'amqps://u:geheim@127.0.0.1:1',
    });
    await until('it has failed', () => place.reason.includes('ECONNREFUSED'));
    assert.doesNotMatch(JSON.stringify(place.states), /geheim/);
  }),
);

test(
  'a message that shovels move in a circle does not grow without end',
  placed(async () => {
    const entries = Array.from({ length: 40 }, (_, i) => ({
      type: 'table',
      value: { number: { type: 'signedint', value: i } },
    }));
    const from = await place.publisher(0);
    const headers = { 'x-shovelled': { type: 'array', value: entries } } as never;
    from.send(publishFrames(1, 'from', 'body', { headers }));
    start({ 'src-queue': 'from', 'dest-queue': 'arrived', 'dest-add-forward-headers': true });
    await until('it has arrived', () => place.movedCount === 1);
    const found = firstProperties(await place.take('arrived', 1)).headers?.['x-shovelled'];
    const list = found?.value as unknown as { value: Record<string, { value: unknown }> }[];
    assert.equal(list.length, 32);
    assert.equal(list[0]?.value['shovelled-by']?.value, 'here');
    assert.equal(list[31]?.value['number']?.value, 30);
  }),
);
