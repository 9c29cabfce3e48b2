import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../../tests/support/bare-broker.ts';
import { MemoryLog } from '../../../tests/support/memory-log.ts';
import { Broker } from '../broker.ts';
import { personalityOf, refusalOf, refusedForQueue } from './personality.ts';

const whole = (value: number) => ({ type: 'signedint', value }) as const;
const quorum = { 'x-queue-type': { type: 'longstr', value: 'quorum' } } as const;

test('engine versions have their default queue type and delivery limit', () => {
  const { defaultQueueType, limits } = personalityOf('4.2');
  assert.deepEqual([defaultQueueType, limits.deliveryLimit], ['quorum', 20]);
  for (const version of ['3.13', '5.18']) {
    const older = personalityOf(version);
    assert.deepEqual([older.defaultQueueType, older.limits.deliveryLimit], [undefined, undefined]);
  }
});

test('version 4.3 refuses deprecated features, and its predecessors do not', () => {
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: {} };
  const text = (value: string) => ({ type: 'longstr', value }) as const;
  const classic = { 'x-queue-type': text('classic') };
  const locator = { 'x-queue-master-locator': text('min-masters') };
  const cases = [
    [options, undefined],
    [{ ...options, durable: false }, 'transient_nonexcl_queues'],
    [{ ...options, durable: false, exclusive: true }, undefined],
    [{ ...options, arguments: { 'x-queue-mode': text('lazy') } }, undefined],
    [{ ...options, exclusive: true, arguments: locator }, 'queue_master_locator'],
    [{ ...options, arguments: { ...classic, ...locator } }, 'queue_master_locator'],
    [{ ...options, arguments: { ...quorum, ...locator } }, undefined],
  ] as const;
  for (const [asked, refused] of cases) {
    assert.equal(refusedForQueue(personalityOf('4.3'), asked), refused);
    assert.equal(refusedForQueue(personalityOf('4.3.5'), asked), refused);
    for (const older of ['3.13', '4.2', '4.2.1', '5.18']) {
      assert.equal(refusedForQueue(personalityOf(older), asked), undefined);
    }
  }
  const refusal = refusalOf('queue_master_locator');
  const begin =
    'Feature `queue_master_locator` is deprecated. By default, this feature is not permitted';
  assert.ok(refusal.startsWith(begin), refusal);
});

test('a broker of version 4.2 makes durable queues quorum queues, and others classic', async () => {
  const log = new MemoryLog();
  const broker = await Broker.open({
    openLog: async (store) => store.attach(log),
    formats: [],
    users: [],
    verifyPassword: async () => false,
    engineVersion: '4.2',
    memoryBytes: () => 0,
  });
  const declared = (name: string, durable: boolean, exclusive: boolean) =>
    broker
      .vhost('/')
      .declareQueue(name, { durable, exclusive, autoDelete: false, arguments: {} }, {}).settings;
  const { type, deliveryLimit } = declared('durable', true, false);
  assert.deepEqual([type, deliveryLimit], ['quorum', 20]);
  assert.equal(declared('transient', false, false).type, 'classic');
  assert.equal(declared('exclusive', true, true).type, 'classic');
});

test('the delivery limit of the engine applies to quorum queues without one of their own', async () => {
  const b = await BareBroker.open(undefined, { deliveryLimit: 20 });
  b.queue('classic');
  b.queue('plain', quorum);
  b.queue('own', { ...quorum, 'x-delivery-limit': whole(50) });
  b.queue('none', { ...quorum, 'x-delivery-limit': whole(-1) });
  const limits = () =>
    [...b.vhost.queues.values()].map(({ settings: { deliveryLimit } }) => deliveryLimit);
  assert.deepEqual(limits(), [Infinity, 20, 50, Infinity]);
  const policy = { name: 'p', pattern: '', applyTo: 'all', priority: 0 } as const;
  const set = (limit: number) => {
    const definition = { 'delivery-limit': limit };
    b.vhost.settings.setPolicy({ ...policy, definition }, { isOperator: false });
    while (!b.broker.background.isIdle) b.broker.pump();
    return limits();
  };
  assert.deepEqual(set(30), [Infinity, 30, 30, 30]);
  assert.deepEqual(set(-1), [Infinity, Infinity, 50, Infinity]);
  const definition = { 'delivery-limit': 7 };
  b.vhost.settings.setPolicy({ ...policy, definition }, { isOperator: true });
  while (!b.broker.background.isIdle) b.broker.pump();
  assert.deepEqual(limits(), [Infinity, 7, 7, 7], 'an operator policy limits an unlimited policy');
});

test('a negative delivery limit is refused by engine versions without a default', async () => {
  const b = await BareBroker.open();
  assert.throws(() => b.queue('q', { ...quorum, 'x-delivery-limit': whole(-1) }), {
    message: /invalid arg 'x-delivery-limit' for queue 'q' in vhost '\/': \{value_negative,-1\}/,
  });
});
