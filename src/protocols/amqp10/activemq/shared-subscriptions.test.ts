import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Amqp10Broker,
  type Amqp10Peer,
  type ReceivedFrame,
  textMessage,
} from '../../../../tests/support/amqp10-peer.ts';
import { type Composite, compositeCodes } from '../codec/performatives.gen.ts';

const accepted: Composite = { code: compositeCodes.accepted };

/** The texts of the messages among frames. */
function texts(frames: readonly ReceivedFrame[]): string[] {
  return frames.flatMap(({ body, payload }) => {
    if (body?.code !== compositeCodes.transfer) return [];
    return [payload.toString('utf8', payload.lastIndexOf(Buffer.of(0xa1)) + 2)];
  });
}

function all<C extends Composite['code']>(frames: readonly ReceivedFrame[], code: C) {
  return frames.flatMap(({ body }) =>
    body?.code === code ? [body as Extract<Composite, { code: C }>] : [],
  );
}

const shared = { capabilities: ['topic', 'shared'] };
const global = { capabilities: ['topic', 'shared', 'global'] };
const durable = { durable: 2, expiryPolicy: 'never' };

interface Parts {
  readonly b: Amqp10Broker;
  readonly peers: readonly Amqp10Peer[];
  attach(peer: number, name: string, source: object, handle?: number): ReceivedFrame[];
  send(...bodies: string[]): void;
  /** The messages that each client was sent since the last call, which it accepts. */
  received(): string[][];
}

/** Two clients that receive, and one that sends to `topic://t`. */
async function ready(): Promise<Parts> {
  const b = await Amqp10Broker.open();
  const peers = [await b.client('one'), await b.client('two')];
  const sender = await b.client('sender');
  sender.attachSender('s', 'topic://t');
  return {
    b,
    peers,
    attach(index, name, source, handle = 1) {
      const peer = peers[index] as Amqp10Peer; // one of the two
      peer.attachReceiver(name, 'topic://t', handle, source);
      b.sync();
      const answer = peer.take();
      peer.flow(handle, 100);
      return answer;
    },
    send(...bodies) {
      for (const body of bodies) sender.transfer(textMessage(body, true));
      b.sync();
    },
    received() {
      return peers.map((peer) => {
        const frames = peer.take();
        for (const { deliveryId } of all(frames, compositeCodes.transfer)) {
          peer.settle(deliveryId ?? 0, accepted);
        }
        return texts(frames);
      });
    },
  };
}

function detach(peer: Amqp10Peer | undefined, handle: number, closed: boolean): void {
  peer?.send({ code: compositeCodes.detach, handle, closed });
}

test('consumers of a shared subscription get each message once', async () => {
  const { attach, send, received } = await ready();
  attach(0, 'sub|global-volatile1', global);
  attach(1, 'sub|global-volatile1', global);
  send('a', 'b', 'c', 'd');
  const found = received();
  assert.deepEqual(found.flat().sort(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(
    found.map(({ length }) => length),
    [2, 2],
  );
});

test('a non-global subscription belongs to its client id', async () => {
  const { attach, send, received } = await ready();
  attach(0, 'sub|volatile1', shared);
  attach(0, 'sub|volatile2', shared, 2);
  attach(1, 'sub|volatile1', shared);
  send('a', 'b');
  assert.deepEqual(received(), [
    ['a', 'b'],
    ['a', 'b'],
  ]);
});

test('a non-durable shared subscription ends with its last consumer', async () => {
  const { b, peers, attach, send, received } = await ready();
  attach(0, 'sub|global-volatile1', global);
  attach(1, 'sub|global-volatile1', global);
  detach(peers[0], 1, true);
  send('a');
  assert.deepEqual(received(), [[], ['a']]);
  detach(peers[1], 1, true);
  b.sync();
  send('lost');
  attach(0, 'sub|global-volatile1', global);
  send('b');
  assert.deepEqual(received(), [['b'], []]);
});

test('a durable shared subscription keeps its messages and ends when it is looked up and closed', async () => {
  const { b, peers, attach, send, received } = await ready();
  const source = { ...global, ...durable };
  attach(0, 'sub|global', source);
  attach(1, 'sub|global', source);
  detach(peers[0], 1, false);
  detach(peers[1], 1, false);
  send('missed');
  const [answer] = all(attach(1, 'sub|global2', source), compositeCodes.attach);
  assert.ok(answer?.source?.code === compositeCodes.source);
  assert.deepEqual(answer.source.capabilities, source.capabilities);
  assert.deepEqual(received(), [[], ['missed']]);
  // While another link consumes, a close keeps the subscription.
  attach(0, 'sub|global', source);
  detach(peers[0], 1, true);
  detach(peers[1], 1, false);
  send('kept');
  const [peer] = peers;
  peer?.attachReceiver('sub|global', '', 5, {}, { source: undefined });
  b.sync();
  const [lookup] = all(peer?.take() ?? [], compositeCodes.attach);
  assert.ok(lookup?.source?.code === compositeCodes.source);
  assert.deepEqual(lookup.source.address, { type: 'string', value: 'topic://t' });
  detach(peer, 5, true);
  b.sync();
  attach(1, 'sub|global', source);
  assert.deepEqual(received(), [[], []], 'the subscription is a new one');
});

test('a selector that differs from that of the other consumers is rejected', async () => {
  const { attach, send, received } = await ready();
  attach(0, 'sub|global-volatile1', global);
  const filter = [
    [
      { type: 'symbol', value: 'jms-selector' },
      {
        type: 'described',
        descriptor: { type: 'ulong', value: 0x0000_468c_0000_0004n },
        value: { type: 'string', value: 'n = 1' },
      },
    ],
  ];
  const frames = attach(1, 'sub|global-volatile1', { ...global, filter });
  const [refused] = all(frames, compositeCodes.detach);
  assert.ok(refused?.error?.code === compositeCodes.error);
  assert.equal(refused.error.condition, 'amqp:resource-locked');
  send('a');
  assert.deepEqual(received(), [['a'], []]);
});
