import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compositeCodes } from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import { ActiveMqPeers, policyOf } from '../support/activemq-peers.ts';
import type { Amqp10Peer } from '../support/amqp10-peer.ts';
import type { StompPeer } from '../support/stomp-peer.ts';

// ActiveMQ sends a message that a consumer returned to the same consumer again. It never waits in the
// broker, so it is not dropped if too many messages wait for a consumer of topics, and does not count.

const released = { code: compositeCodes.released };
const failed = { code: compositeCodes.modified, deliveryFailed: true };
const accepted = { code: compositeCodes.accepted };

class Releasing {
  readonly peers: ActiveMqPeers;
  readonly #peer: Amqp10Peer;
  readonly #sender: StompPeer;
  #granted = 0;

  private constructor(peers: ActiveMqPeers, peer: Amqp10Peer, sender: StompPeer) {
    this.peers = peers;
    this.#peer = peer;
    this.#sender = sender;
  }

  /** A consumer of AMQP 1.0, for which `limit` messages may wait. */
  static async open(limit: number, strategy = '<oldestMessageEvictionStrategy/>') {
    const inside = `<pendingMessageLimitStrategy><constantPendingMessageLimitStrategy limit="${limit}"/></pendingMessageLimitStrategy>
      <messageEvictionStrategy>${strategy}</messageEvictionStrategy>`;
    const peers = await ActiveMqPeers.open(policyOf('topic="&gt;"', '', inside));
    const peer = await peers.amqp10('c');
    peer.attachReceiver('r', 'topic://T');
    return new Releasing(peers, peer, await peers.stomp());
  }

  /** Grants credit for so many further messages, and returns their bodies. */
  async get(count: number): Promise<string> {
    this.#peer.take();
    const deliveryCount = this.#granted;
    this.#granted += count;
    this.#peer.flow(1, count, { deliveryCount });
    await this.peers.settled();
    const transfers = this.#peer
      .take()
      .filter(({ body }) => body?.code === compositeCodes.transfer);
    return transfers
      .map(({ payload }) => /[a-z0-9]+$/.exec(payload.toString('latin1'))?.[0])
      .join(' ');
  }

  async send(bodies: string): Promise<void> {
    for (const body of bodies.split(' ')) {
      this.#sender.send('SEND', { destination: '/topic/T', k: body.slice(0, 1) }, body);
    }
    await this.peers.settled();
  }

  async settle(first: number, last: number, state: object): Promise<void> {
    this.#peer.settle(first, state as typeof released, { last });
    await this.peers.settled();
  }

  get waiting(): number {
    const queues = [...this.peers.b.broker.vhost('/').queues.values()];
    return queues.reduce((sum, { readyCount }) => sum + readyCount, 0);
  }
}

test('messages that a consumer of topics returns at its limit stay, and those that wait too', async () => {
  for (const state of [released, failed]) {
    const consumer = await Releasing.open(2);
    await consumer.get(2);
    await consumer.send('a b c d');
    await consumer.settle(0, 1, state);
    assert.equal(consumer.waiting, 4);
    assert.equal(await consumer.get(10), 'a b c d');
  }
});

test('the oldest message that the consumer never had is dropped for a new one', async () => {
  for (const strategy of [
    '<oldestMessageEvictionStrategy/>',
    '<oldestMessageWithLowestPriorityEvictionStrategy/>',
    '<uniquePropertyMessageEvictionStrategy propertyName="k"/>',
  ]) {
    const consumer = await Releasing.open(2, strategy);
    await consumer.get(2);
    await consumer.send('a1 b1 c1 d1');
    await consumer.settle(0, 1, released);
    await consumer.send('e1 f1');
    assert.equal(consumer.waiting, 4);
    assert.equal(await consumer.get(10), 'a1 b1 e1 f1', strategy);
    // Once they are settled, the limit is that of before.
    await consumer.settle(2, 5, accepted);
    await consumer.send('g1 h1 i1 j1 k1 l1 m1 n1 o1');
    assert.equal(consumer.waiting, 2, strategy);
  }
});

test('thousands of returned messages neither go nor lift the limit of others', async () => {
  const consumer = await Releasing.open(5);
  const count = 1200;
  const bodies = Array.from({ length: count }, (_, i) => `m${i}`);
  await consumer.get(count);
  await consumer.send(bodies.join(' '));
  for (let round = 0; round < 2; round++) {
    await consumer.settle(round * count, (round + 1) * count - 1, released);
    await consumer.send('x0 x1 x2 x3 x4 x5 x6 x7');
    assert.equal(consumer.waiting, count + 5, `round ${round}`);
    assert.ok((await consumer.get(count)) === bodies.join(' '), `round ${round}`);
    assert.equal(consumer.waiting, 5);
  }
});
