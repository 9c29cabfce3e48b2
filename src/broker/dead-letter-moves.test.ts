import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Inbox, message, owner, plainSubscribe } from '../../tests/support/bare-broker.ts';
import { MemoryDisk } from '../../tests/support/memory-disk.ts';
import { plainFormat } from '../../tests/support/plain-format.ts';
import { keyFromBytes } from '../crypto/derive.ts';
import { Log } from '../storage/log.ts';
import { Volume } from '../storage/volume.ts';
import type { Arguments } from './arguments.ts';
import { Broker } from './broker.ts';

// What is rejected is copied out of a block that may be sealed meanwhile, and what is in it moved.

const dataKey = keyFromBytes(Buffer.alloc(32, 7));

/** A broker over a log whose segments are shorter than a block. */
async function open() {
  const disk = new MemoryDisk();
  const made = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
  await Volume.format(disk, '/v', made, dataKey);
  const volume = await Volume.open(disk, '/v', dataKey);
  const hooks: { broker?: Broker; log?: Log } = {};
  const broker = await Broker.open({
    openLog: async (store) => {
      hooks.log = await Log.open(volume, store, {
        onDurable: (group) => hooks.broker?.onDurable(group),
        onFailed: (error) => {
          throw error;
        },
        segmentBytes: 32_000,
      });
    },
    formats: [plainFormat],
    users: [{ username: 'ann', passwordHash: 'secret' }],
    verifyPassword: async () => true,
    limits: { memoryBytesMax: Infinity },
  });
  hooks.broker = broker;
  hooks.log?.sync();
  await broker.defined();
  return {
    broker,
    close: async () => {
      await broker.close();
      await volume.close();
    },
  };
}

const bodyOf = (i: number) => `${i} `.repeat(3500);

test('a dead letter is the message that was rejected, though a segment ends just then', async () => {
  const { broker, close } = await open();
  const vhost = broker.vhost('/');
  const declare = (name: string, args: Arguments) => {
    const options = { durable: true, exclusive: false, autoDelete: false, arguments: args };
    return vhost.declareQueue(name, options, owner);
  };
  const orders = declare('orders', {
    'x-dead-letter-exchange': { type: 'longstr', value: '' },
    'x-dead-letter-routing-key': { type: 'longstr', value: 'dead' },
  });
  const dead = declare('dead', {});
  await broker.defined();
  const inbox = new Inbox();
  const subscription = orders.subscribe(inbox, plainSubscribe);
  for (let i = 0; i < 6; i++) {
    const publication = message(broker, '', 'orders', bodyOf(i));
    publication.isPersistent = true;
    broker.publish(vhost, publication);
  }
  broker.pump();
  assert.equal(inbox.bodies.length, 6);
  // Nothing is sealed yet: what is settled now is left out, and what comes after it moves.
  subscription.settle(0, 0, 'accepted');
  subscription.settle(4, 4, 'rejected');
  subscription.settle(2, 2, 'rejected');
  const letters = new Inbox();
  dead.subscribe(letters, plainSubscribe);
  broker.pump();
  assert.deepEqual(letters.bodies, [bodyOf(4), bodyOf(2)]);
  await close();
});
