import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerLife, type Left, nothingLeft } from '../../tests/simulation/broker-life.ts';
import { Machine } from '../../tests/simulation/machine.ts';
import {
  Inbox,
  ManualClock,
  message,
  owner,
  plainSubscribe,
} from '../../tests/support/bare-broker.ts';
import { noArguments } from './arguments.ts';

/** A broker on a machine; to open the next one verifies what this one left. */
async function opened(machine: Machine, left: Left, options = {}) {
  const life = new BrokerLife(machine, new ManualClock(), 'none');
  assert.ok(await life.open(options, left));
  const { broker } = life;
  let isDefined = false;
  void broker.defined().then(() => {
    isDefined = true;
  });
  await machine.until(() => isDefined, 'the start');
  const durable = { durable: true, exclusive: false, autoDelete: false };
  const queue = (name: string, args = {}) =>
    broker
      .vhost('/')
      .declareQueue(name, { ...durable, arguments: { ...noArguments, ...args } }, owner);
  const publish = (name: string, body: string) => {
    const publication = message(broker, '', name, body);
    publication.isPersistent = true;
    broker.publish(broker.vhost('/'), publication);
    life.observe();
  };
  return { life, broker, queue, publish };
}

async function withMachine(life: (machine: Machine) => Promise<void>): Promise<void> {
  const machine = new Machine(1);
  await machine.run(async () => {
    await machine.format();
    await life(machine);
  });
}

test('delivered messages are marked as redelivered after a clean stop', async () => {
  await withMachine(async (machine) => {
    let left = nothingLeft;
    for (let fill = 0; fill < 8; fill++) {
      const { life, queue, publish, broker } = await opened(machine, left, {
        segmentBytes: 12_000,
      });
      for (let i = 0; i < 12; i++) queue(`q${i}`);
      publish(`q${fill % 12}`, 'm'.padEnd(200, '.'));
      publish('q0', 'x'.padEnd(8 + fill * 1400, '.'));
      for (let i = 0; i < 12; i++) {
        const inbox = new Inbox();
        const subscription = queue(`q${i}`).subscribe(inbox, { ...plainSubscribe, prefetch: 1 });
        broker.pump();
        subscription.close('released');
      }
      // The next start compares what it finds delivered with what was.
      left = await life.close();
      assert.ok((left.returned?.size ?? 0) > 0);
    }
    await opened(machine, left);
  });
});

test('a broker stops only after the dead letters it reads from disk are written', async () => {
  await withMachine(async (machine) => {
    const { life, broker, queue, publish } = await opened(machine, nothingLeft, { cacheBytes: 0 });
    const dead = queue('dead');
    const text = (value: string) => ({ type: 'longstr', value }) as const;
    const args = { 'x-dead-letter-exchange': text(''), 'x-dead-letter-routing-key': text('dead') };
    const source = queue('source', args);
    const inbox = new Inbox();
    const subscription = source.subscribe(inbox, plainSubscribe);
    for (let i = 0; i < 3; i++) {
      publish('source', String(i).padEnd(150_000, '.'));
      broker.pump();
      broker.store.log.sync();
      const group = broker.store.log.openGroup;
      await machine.until(() => broker.durableGroup >= group, 'a sync');
    }
    assert.equal(inbox.bodies.length, 3);
    // The cache lets go of what is too much in the turn after the sync.
    await new Promise((resolve) => setImmediate(resolve));
    subscription.close('rejected');
    broker.pump();
    life.observe();
    assert.equal(dead.readyCount, 0, 'the first of them is on the disk, and none overtakes it');
    const left = await life.close();
    const next = await opened(machine, left);
    assert.equal(next.queue('dead').readyCount, 3);
  });
});
