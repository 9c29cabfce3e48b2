import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  closes,
  openBroker,
  publishFrames,
} from '../../../../tests/support/amqp-peer.ts';
import { methodIds } from '../codec/methods.gen.ts';
import { DeliveryAges, lookMs } from './delivery-ages.ts';

const minuteMs = 60_000;
const beginMs = 1_000_000;

/** A peer whose connection ticks once a minute. */
class Minutes {
  readonly peer: AmqpPeer;
  #minute = 0;

  private constructor(peer: AmqpPeer) {
    this.peer = peer;
    peer.connection.tick(beginMs);
  }

  static async begin(consumerTimeoutMs?: number): Promise<Minutes> {
    const { broker } = await openBroker(
      consumerTimeoutMs === undefined ? {} : { consumerTimeoutMs },
    );
    return new Minutes(await AmqpPeer.ready(broker, 0));
  }

  /** Lets minutes pass; returns the closes that were sent. */
  pass(minutes: number): string[] {
    const all: string[] = [];
    for (let i = 0; i < minutes; i++) {
      this.peer.connection.tick(beginMs + ++this.#minute * minuteMs);
      all.push(...closes(this.peer.take()));
    }
    return all;
  }
}

const timedOut = (ms: number) =>
  `channel 406 PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: ${ms} ms. This timeout value can be configured, see consumers doc guide to learn more`;

const readyCount = ({ peer }: Minutes) =>
  peer.connection.broker.vhosts.get('/')?.queues.get('q')?.readyCount;

for (const how of ['consumed', 'got'] as const) {
  test(`a channel that settles no message it has ${how} is closed after 30 minutes`, async () => {
    const minutes = await Minutes.begin();
    const { peer } = minutes;
    peer.send(publishFrames(1, 'q', 'x'));
    if (how === 'consumed') peer.consume('q');
    else peer.call(1, { id: methodIds.basicGet, queue: 'q', noAck: false });
    assert.deepEqual(minutes.pass(30), []);
    assert.deepEqual(minutes.pass(5), [timedOut(1_800_000)]);
    assert.equal(readyCount(minutes), 1, 'what it had goes back');
  });
}

test('a channel that settles each delivery in time stays open', async () => {
  const minutes = await Minutes.begin(5 * minuteMs);
  const { peer } = minutes;
  peer.call(1, { id: methodIds.basicQos, prefetchSize: 0, prefetchCount: 3, global: false });
  peer.consume('q');
  for (let tag = 1; tag <= 100; tag++) {
    peer.send(publishFrames(1, 'q', `${tag}`));
    if (tag > 3) peer.call(1, { id: methodIds.basicAck, deliveryTag: tag - 3, multiple: false });
    assert.deepEqual(minutes.pass(1), []);
  }
  assert.deepEqual(minutes.pass(10).length, 1);
});

test('one unsettled delivery closes the channel even if later ones are settled', async () => {
  const minutes = await Minutes.begin(5 * minuteMs);
  const { peer } = minutes;
  peer.consume('q');
  const closed: string[] = [];
  for (let tag = 1; tag <= 8; tag++) {
    peer.send(publishFrames(1, 'q', `${tag}`));
    if (tag !== 1) peer.call(1, { id: methodIds.basicAck, deliveryTag: tag, multiple: false });
    closed.push(...minutes.pass(1));
    if (closed.length > 0) break;
  }
  assert.deepEqual(closed, [timedOut(300_000)]);
});

test('deliveries with automatic acknowledgement never time out', async () => {
  const minutes = await Minutes.begin(minuteMs);
  minutes.peer.consume('q', { noAck: true });
  minutes.peer.send(publishFrames(1, 'q', 'x'));
  assert.deepEqual(minutes.pass(10), []);
});

test('the consumer timeout of a queue overrides the broker default in both directions', async () => {
  for (const [queueMs, minutesOpen] of [
    [2 * minuteMs, 2],
    [50 * minuteMs, 50],
  ] as const) {
    const minutes = await Minutes.begin(10 * minuteMs);
    const { peer } = minutes;
    peer.declare('own', { 'x-consumer-timeout': { type: 'long', value: queueMs } });
    peer.send(publishFrames(1, 'own', 'x'));
    peer.consume('own');
    assert.deepEqual(minutes.pass(minutesOpen), []);
    assert.deepEqual(minutes.pass(4), [timedOut(queueMs)]);
  }
});

test('an invalid consumer timeout is rejected', async () => {
  for (const [argument, why] of [
    [{ type: 'longstr', value: 'soon' }, '"expected integer, got longstr"'],
    [{ type: 'signedint', value: -1 }, '{value_negative,-1}'],
  ] as const) {
    const { peer } = await Minutes.begin();
    assert.deepEqual(closes(peer.declare('own', { 'x-consumer-timeout': argument })), [
      `channel 406 PRECONDITION_FAILED - invalid arg 'x-consumer-timeout' for queue 'own' in vhost '/': ${why}`,
    ]);
  }
});

test('delivery age tracking is bounded in size and never overestimates an age', () => {
  const ages = new DeliveryAges();
  let nowMs = 0;
  let found = 0;
  for (let look = 0; look < 10_000; look++) {
    nowMs += lookMs;
    found = ages.look(nowMs, look + 1, 1);
    assert.ok(found <= nowMs - lookMs);
  }
  assert.equal(found, nowMs - lookMs, 'the oldest has been there since before the first look');
  assert.ok(ages.markCount <= 64);
  assert.ok(ages.look(nowMs + lookMs, 10_000, 5000) <= 5002 * lookMs);
});
